//! Every scenario on a real Envoy: the same files and the same comparison as on the fake host.

use ostiary_integration::real_ring::RealRing;

#[test]
fn scenarios_hold_on_a_real_envoy() {
    let mut ring = RealRing::new().unwrap_or_else(|reason| panic!("{reason}"));
    ostiary_tests::runner::run(&mut ring).unwrap_or_else(|differences| panic!("{differences}"));
}
