//! Type hashes against those that `hiroz-codegen` computed.

use std::collections::BTreeSet;

use hiroz::{MessageTypeInfo, ServiceTypeInfo};
use msgs::{Message, Service};

macro_rules! messages {
    ($($package:ident::$name:ident),* $(,)?) => {
        vec![$((
            msgs::$package::msg::$name::TYPE_NAME,
            msgs::$package::msg::$name::TYPE_HASH,
            <hiroz_msgs::$package::$name as MessageTypeInfo>::type_hash().to_rihs_string(),
        )),*]
    };
}

macro_rules! services {
    ($($package:ident::$name:ident),* $(,)?) => {
        vec![$((
            msgs::$package::srv::$name::TYPE_NAME,
            msgs::$package::srv::$name::TYPE_HASH,
            <hiroz_msgs::$package::srv::$name as ServiceTypeInfo>::service_type_info().hash.to_rihs_string(),
        )),*]
    };
}

/// Known bugs of `hiroz-codegen` 0.2.1; `msgs/tests/rosbags.rs` has a second opinion on these.
const WRONG_IN_HIROZ: [&str; 2] = ["action_msgs/srv/CancelGoal", "lifecycle_msgs/msg/TransitionEvent"];

/// Each with the same definition on both sides: a hash that differs is a bug of one of them.
fn check(all: &[(&str, &str, String)]) {
    let differ: BTreeSet<_> =
        all.iter().filter(|(_, ours, theirs)| *ours != theirs.as_str()).map(|(n, ..)| *n).collect();
    assert!(differ.is_subset(&BTreeSet::from(WRONG_IN_HIROZ)), "{differ:?}");
    println!("{} hashes", all.len());
}

#[test]
fn of_messages() {
    check(&messages! {
    action_msgs::GoalInfo, action_msgs::GoalStatus, action_msgs::GoalStatusArray,
    builtin_interfaces::Duration, builtin_interfaces::Time, diagnostic_msgs::DiagnosticArray,
    diagnostic_msgs::DiagnosticStatus, diagnostic_msgs::KeyValue, example_interfaces::Bool,
    example_interfaces::Byte, example_interfaces::ByteMultiArray, example_interfaces::Char,
    example_interfaces::Empty, example_interfaces::Float32, example_interfaces::Float32MultiArray,
    example_interfaces::Float64, example_interfaces::Float64MultiArray, example_interfaces::Int16,
    example_interfaces::Int16MultiArray, example_interfaces::Int32, example_interfaces::Int32MultiArray,
    example_interfaces::Int64, example_interfaces::Int64MultiArray, example_interfaces::Int8,
    example_interfaces::Int8MultiArray, example_interfaces::MultiArrayDimension,
    example_interfaces::MultiArrayLayout, example_interfaces::String, example_interfaces::UInt16,
    example_interfaces::UInt16MultiArray, example_interfaces::UInt32, example_interfaces::UInt32MultiArray,
    example_interfaces::UInt64, example_interfaces::UInt64MultiArray, example_interfaces::UInt8,
    example_interfaces::UInt8MultiArray, geometry_msgs::Accel, geometry_msgs::AccelStamped,
    geometry_msgs::AccelWithCovariance, geometry_msgs::AccelWithCovarianceStamped, geometry_msgs::Inertia,
    geometry_msgs::InertiaStamped, geometry_msgs::Point, geometry_msgs::Point32,
    geometry_msgs::PointStamped, geometry_msgs::Polygon, geometry_msgs::PolygonInstance,
    geometry_msgs::PolygonInstanceStamped, geometry_msgs::PolygonStamped, geometry_msgs::Pose,
    geometry_msgs::Pose2D, geometry_msgs::PoseArray, geometry_msgs::PoseStamped,
    geometry_msgs::PoseWithCovariance, geometry_msgs::PoseWithCovarianceStamped, geometry_msgs::Quaternion,
    geometry_msgs::QuaternionStamped, geometry_msgs::Transform, geometry_msgs::TransformStamped,
    geometry_msgs::Twist, geometry_msgs::TwistStamped, geometry_msgs::TwistWithCovariance,
    geometry_msgs::TwistWithCovarianceStamped, geometry_msgs::Vector3, geometry_msgs::Vector3Stamped,
    geometry_msgs::VelocityStamped, geometry_msgs::Wrench, geometry_msgs::WrenchStamped,
    lifecycle_msgs::State, lifecycle_msgs::Transition, lifecycle_msgs::TransitionDescription,
    lifecycle_msgs::TransitionEvent, nav_msgs::Goals, nav_msgs::GridCells, nav_msgs::MapMetaData,
    nav_msgs::OccupancyGrid, nav_msgs::Odometry, nav_msgs::Path, rcl_interfaces::FloatingPointRange,
    rcl_interfaces::IntegerRange, rcl_interfaces::ListParametersResult, rcl_interfaces::LoggerLevel,
    rcl_interfaces::Parameter, rcl_interfaces::ParameterDescriptor, rcl_interfaces::ParameterEvent,
    rcl_interfaces::ParameterEventDescriptors, rcl_interfaces::ParameterType,
    rcl_interfaces::ParameterValue, rcl_interfaces::SetLoggerLevelsResult,
    rcl_interfaces::SetParametersResult, rosbag2_interfaces::ReadSplitEvent,
    rosbag2_interfaces::WriteSplitEvent, rosgraph_msgs::Clock, sensor_msgs::BatteryState,
    sensor_msgs::CameraInfo, sensor_msgs::ChannelFloat32, sensor_msgs::CompressedImage,
    sensor_msgs::FluidPressure, sensor_msgs::Illuminance, sensor_msgs::Image, sensor_msgs::Imu,
    sensor_msgs::JointState, sensor_msgs::Joy, sensor_msgs::JoyFeedback, sensor_msgs::JoyFeedbackArray,
    sensor_msgs::LaserEcho, sensor_msgs::LaserScan, sensor_msgs::MagneticField,
    sensor_msgs::MultiDOFJointState, sensor_msgs::MultiEchoLaserScan, sensor_msgs::NavSatFix,
    sensor_msgs::NavSatStatus, sensor_msgs::PointCloud, sensor_msgs::PointCloud2, sensor_msgs::PointField,
    sensor_msgs::Range, sensor_msgs::RegionOfInterest, sensor_msgs::RelativeHumidity,
    sensor_msgs::Temperature, sensor_msgs::TimeReference, service_msgs::ServiceEventInfo, shape_msgs::Mesh,
    shape_msgs::MeshTriangle, shape_msgs::Plane, shape_msgs::SolidPrimitive,
    statistics_msgs::MetricsMessage, statistics_msgs::StatisticDataPoint,
    statistics_msgs::StatisticDataType, std_msgs::Bool, std_msgs::Byte, std_msgs::ByteMultiArray,
    std_msgs::Char, std_msgs::ColorRGBA, std_msgs::Empty, std_msgs::Float32, std_msgs::Float32MultiArray,
    std_msgs::Float64, std_msgs::Float64MultiArray, std_msgs::Header, std_msgs::Int16,
    std_msgs::Int16MultiArray, std_msgs::Int32, std_msgs::Int32MultiArray, std_msgs::Int64,
    std_msgs::Int64MultiArray, std_msgs::Int8, std_msgs::Int8MultiArray, std_msgs::MultiArrayDimension,
    std_msgs::MultiArrayLayout, std_msgs::String, std_msgs::UInt16, std_msgs::UInt16MultiArray,
    std_msgs::UInt32, std_msgs::UInt32MultiArray, std_msgs::UInt64, std_msgs::UInt64MultiArray,
    std_msgs::UInt8, std_msgs::UInt8MultiArray, stereo_msgs::DisparityImage, tf2_msgs::TF2Error,
    tf2_msgs::TFMessage, trajectory_msgs::JointTrajectory, trajectory_msgs::JointTrajectoryPoint,
    trajectory_msgs::MultiDOFJointTrajectory, trajectory_msgs::MultiDOFJointTrajectoryPoint,
    type_description_interfaces::Field, type_description_interfaces::FieldType,
    type_description_interfaces::IndividualTypeDescription, type_description_interfaces::KeyValue,
    type_description_interfaces::TypeDescription, type_description_interfaces::TypeSource,
    unique_identifier_msgs::UUID, visualization_msgs::ImageMarker, visualization_msgs::InteractiveMarker,
    visualization_msgs::InteractiveMarkerControl, visualization_msgs::InteractiveMarkerFeedback,
    visualization_msgs::InteractiveMarkerInit, visualization_msgs::InteractiveMarkerPose,
    visualization_msgs::InteractiveMarkerUpdate, visualization_msgs::Marker,
    visualization_msgs::MarkerArray, visualization_msgs::MenuEntry, visualization_msgs::MeshFile,
    visualization_msgs::UVCoordinate,
    });
}

#[test]
fn of_services() {
    check(&services! {
    action_msgs::CancelGoal, composition_interfaces::ListNodes, composition_interfaces::LoadNode,
    composition_interfaces::UnloadNode, diagnostic_msgs::AddDiagnostics, diagnostic_msgs::SelfTest,
    example_interfaces::AddTwoInts, example_interfaces::SetBool, example_interfaces::Trigger,
    lifecycle_msgs::ChangeState, lifecycle_msgs::GetAvailableStates,
    lifecycle_msgs::GetAvailableTransitions, lifecycle_msgs::GetState, nav_msgs::GetMap, nav_msgs::GetPlan,
    nav_msgs::LoadMap, nav_msgs::SetMap, rcl_interfaces::DescribeParameters,
    rcl_interfaces::GetLoggerLevels, rcl_interfaces::GetParameterTypes, rcl_interfaces::GetParameters,
    rcl_interfaces::ListParameters, rcl_interfaces::SetLoggerLevels, rcl_interfaces::SetParameters,
    rcl_interfaces::SetParametersAtomically, rosbag2_interfaces::Burst, rosbag2_interfaces::GetRate,
    rosbag2_interfaces::IsDiscoveryRunning, rosbag2_interfaces::IsPaused, rosbag2_interfaces::Pause,
    rosbag2_interfaces::Play, rosbag2_interfaces::PlayNext, rosbag2_interfaces::Record,
    rosbag2_interfaces::Resume, rosbag2_interfaces::Seek, rosbag2_interfaces::SetRate,
    rosbag2_interfaces::Snapshot, rosbag2_interfaces::SplitBagfile, rosbag2_interfaces::StartDiscovery,
    rosbag2_interfaces::Stop, rosbag2_interfaces::StopDiscovery, rosbag2_interfaces::TogglePaused,
    sensor_msgs::SetCameraInfo, std_srvs::Empty, std_srvs::SetBool, std_srvs::Trigger, tf2_msgs::FrameGraph,
    type_description_interfaces::GetTypeDescription, visualization_msgs::GetInteractiveMarkers,
    });
    // As a ROS 2 Jazzy machine has it.
    assert_eq!(
        msgs::example_interfaces::srv::AddTwoInts::TYPE_HASH,
        "RIHS01_e118de6bf5eeb66a2491b5bda11202e7b68f198d6f67922cf30364858239c81a"
    );
}
