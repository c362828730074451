//! Writing a record allocates nothing for its attributes: a request must not pay the allocator for being recorded.

use ostiary_wire::Event;
use ostiary_wire::attributes::{self as a, ALL, Kind, Place};
use ostiary_wire::encode::{Batch, Head, Progress, Resource};
use std::net::Ipv6Addr;

fn made(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

/// One record with every attribute that a request's record can have, each text at its bound.
fn record(batch: &mut Batch, text: &str, lists: bool) {
    batch.record(&Head { event: Event::Request, time_ns: 1, observed_ns: 2, trace: None }, |w| {
        for attribute in ALL.iter().filter(|attribute| attribute.place == Place::Request) {
            match attribute.kind {
                Kind::Str { bytes_max } => {
                    w.text(attribute, text.as_bytes().get(..usize::from(bytes_max)).unwrap_or_default())
                }
                Kind::Int => w.count(attribute, u64::MAX),
                Kind::Bool => w.bool(attribute, true),
                Kind::Texts { .. } if lists => w.texts(attribute, &[&text[..8]; 4]),
                Kind::Ints { .. } if lists => w.counts(attribute, &[1, 2, 3, 4]),
                Kind::Texts { .. } | Kind::Ints { .. } => {}
            }
        }
        w.shown(&a::CLIENT_ADDRESS, &Ipv6Addr::from([0xfedc; 8]));
    });
}

/// Of five hundred records of sixty attributes none allocates but for the batch to grow, which it does by doubling; a list costs its own.
#[test]
fn a_record_allocates_nothing_for_its_attributes() {
    let text = "x".repeat(2_000);
    let resource = Resource::new(|w| w.str(&a::SERVICE_NAME, "x"));
    let mut batch = Batch::new();
    record(&mut batch, &text, true);
    batch.seal(&resource, Progress::default());
    let growth = made(|| (0..500).for_each(|_| record(&mut batch, &text, false)));
    assert!(growth <= 16, "{growth} allocations for {} bytes", batch.bytes());
    batch.seal(&resource, Progress::default());
    // The batch is as large now as it will be.
    assert_eq!(made(|| (0..500).for_each(|_| record(&mut batch, &text, false))), 0);
    batch.seal(&resource, Progress::default());
    let lists = ALL.iter().filter(|attribute| attribute.place == Place::Request && attribute.items_max() > 0).count();
    let with_lists = made(|| record(&mut batch, &text, true));
    assert!((1..=lists as u64 * 4).contains(&with_lists), "{with_lists} allocations for {lists} lists");
}
