//! Prints `name hash` of every interface.

fn main() {
    for i in msgs::interfaces() {
        println!("{} {}", i.name, i.hash);
    }
}
