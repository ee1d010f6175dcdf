//! Why there is no transform.

use crate::time::Time;

/// Why a transform can't be taken or given. The words are those of `tf2` where it has any.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TfError {
    /// Nobody has told of the frame.
    #[error("\"{0}\" passed to lookup does not exist: nobody has published it yet")]
    UnknownFrame(String),
    /// Both are known, but nothing leads from one to the other.
    #[error(
        "Could not find a connection between '{target}' and '{frame}' because they are not part of the same tree. \
         Tf has two or more unconnected trees."
    )]
    NotConnected {
        /// The frame that was asked for.
        target: String,
        /// The frame to be seen in it.
        frame: String,
    },
    /// The time is after all that is known.
    #[error(
        "Lookup would require extrapolation into the future.  Requested time {requested} but the latest data is at \
         time {latest}, when looking up transform from frame [{frame}] to frame [{parent}]"
    )]
    Future {
        /// The frame whose transform is too old.
        frame: String,
        /// Its parent.
        parent: String,
        /// The time that was asked for.
        requested: Time,
        /// The time of the newest transform.
        latest: Time,
    },
    /// The time is before all that is known.
    #[error(
        "Lookup would require extrapolation into the past.  Requested time {requested} but the earliest data is at \
         time {earliest}, when looking up transform from frame [{frame}] to frame [{parent}]"
    )]
    Past {
        /// The frame whose transforms are too new.
        frame: String,
        /// Its parent.
        parent: String,
        /// The time that was asked for.
        requested: Time,
        /// The time of the oldest transform that is kept.
        earliest: Time,
    },
    /// A frame is below itself.
    #[error("The tf tree is invalid because it contains a loop at frame {0}")]
    Loop(String),
    /// A frame without a name.
    #[error("ignoring a transform with an empty frame: frame_id \"{parent}\", child_frame_id \"{child}\"")]
    EmptyFrame {
        /// `header.frame_id`.
        parent: String,
        /// `child_frame_id`.
        child: String,
    },
    /// A frame in itself.
    #[error("ignoring a transform from frame \"{0}\" to itself")]
    ToItself(String),
    /// A translation or rotation that is not a number, or infinite.
    #[error("ignoring the transform of \"{0}\" because of a nan or infinite value")]
    NotFinite(String),
    /// A quaternion whose length is not 1.
    #[error(
        "ignoring the transform of \"{frame}\" because of an invalid quaternion: its length is {length}, not 1"
    )]
    NotNormalized {
        /// The child frame.
        frame: String,
        /// Length of the quaternion.
        length: f64,
    },
    /// Older than what is kept.
    #[error(
        "TF_OLD_DATA ignoring data from the past for frame {frame} at time {stamp}: the latest is at {latest}"
    )]
    Old {
        /// The child frame.
        frame: String,
        /// The transform's time.
        stamp: Time,
        /// The newest transform's time.
        latest: Time,
    },
    /// There is one for that time already.
    #[error("TF_REPEATED_DATA ignoring data with redundant timestamp for frame {frame} at time {stamp}")]
    Repeated {
        /// The child frame.
        frame: String,
        /// The transform's time.
        stamp: Time,
    },
    /// Somebody tells of more frames than anybody needs.
    #[error("ignoring frame {0}: there are {max} frames already", max = super::buffer::MAX_FRAMES)]
    TooManyFrames(String),
}
