//! Every scenario on the fake host: the same files and the same comparison as on a real Envoy.

use ostiary_tests::fake::FakeRing;

#[test]
fn scenarios_hold_on_the_fake_host() {
    ostiary_tests::runner::run(&mut FakeRing).unwrap_or_else(|differences| panic!("{differences}"));
}
