//! A call in one line, for Envoy's own access log.
//!
//! Wasm can write no dynamic metadata; what it sets as a property is filter state, which an access log
//! shows by `%FILTER_STATE(wasm.ostiary:PLAIN)%`. It holds names and codes that the policy or the engine
//! chose, and no value of the call.

use crate::response::Response;
use crate::stream::Known;
use ostiary_wire::attributes::TEMPLATE;

/// The name of the property.
pub(crate) const NAME: &str = "ostiary";

/// What is known of a call: `verdict=deny refusal=access.denied rule=closed api=orders template=/orders/{id}
/// operation=… data_types=email,payment_card`; what there is none of is left out.
pub(crate) fn line(known: &Known, id: Option<&str>, response: &Response) -> String {
    let verdict = known.judged.verdicts.enforced;
    let catalog = known.policy.catalog();
    let operation = known.judged.operation.as_ref();
    let rule = verdict.rule.and_then(|rule| known.policy.access().rule(rule)).map(|rule| &*rule.name);
    let quota = known.quotas.refused.and_then(|refused| known.policy.quotas().get(refused.quota));
    let detectors = known.policy.masking().plan().detectors();
    let types: Vec<&str> = response
        .report()
        .map(|report| report.types.iter().map(|count| detectors.name(count.data_type)).collect())
        .unwrap_or_default();
    let types = types.join(",");
    let mut line = String::from(if verdict.permits() { "verdict=permit" } else { "verdict=deny" });
    for (name, value) in [
        ("refusal", verdict.refusal.map(ostiary_engine::refusal::Refusal::code)),
        ("rule", rule),
        ("quota", quota.map(|quota| &*quota.name)),
        ("api", operation.and_then(|operation| operation.api(catalog))),
        ("template", operation.map(|operation| operation.template(catalog))),
        ("operation", id),
        ("data_types", (!types.is_empty()).then_some(&*types)),
    ] {
        if let Some(value) = value.and_then(|value| value.get(..value.len().min(TEMPLATE.bytes_max()))) {
            line.push(' ');
            line.push_str(name);
            line.push('=');
            line.push_str(value);
        }
    }
    line
}
