//! Runs a folder of scenarios on a ring, and does not let any go missing.
//!
//! The number run must equal the number of files, and be at least a floor: a folder that moved would otherwise pass as an empty one.

use crate::expect;
use crate::ring::Ring;
use crate::scenario;
use std::path::{Path, PathBuf};

/// The scenarios that must be there at least; raised when scenarios are added.
pub const FLOOR: usize = 107;

/// Where the scenario files are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Runs every scenario on a ring and prints a summary; the error lists every difference.
pub fn run(ring: &mut dyn Ring) -> Result<(), String> {
    let scenarios = scenario::load(&folder()).map_err(|error| error.to_string())?;
    if scenarios.len() < FLOOR {
        return Err(format!(
            "only {} scenarios were found in {}: there must be {FLOOR}",
            scenarios.len(),
            folder().display()
        ));
    }
    let outcomes = ring.run(&scenarios);
    let mut failures = Vec::new();
    let (mut checked, mut unobservable) = (0, Vec::new());
    for (scenario, outcome) in scenarios.iter().zip(&outcomes) {
        failures.extend(outcome.faults.iter().map(|fault| format!("{}: {fault}", scenario.name)));
        if outcome.observations.is_empty() {
            failures.push(format!("{}: nothing was observed", scenario.name));
            continue;
        }
        let verdict = expect::scenario(scenario, &outcome.observations);
        checked += verdict.checked;
        failures.extend(verdict.differences.into_iter().map(|difference| format!("{}: {difference}", scenario.name)));
        unobservable.extend(verdict.unobservable.into_iter().map(|what| format!("{}: {what}", scenario.name)));
    }
    println!(
        "{}: {} scenarios, {checked} expectations checked, {} not observable here",
        ring.name(),
        outcomes.len(),
        unobservable.len()
    );
    for what in &unobservable {
        println!("  not observable: {what}");
    }
    if outcomes.len() != scenarios.len() {
        failures.push(format!("{} of {} scenarios were run", outcomes.len(), scenarios.len()));
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(format!("{} differences\n  {}", failures.len(), failures.join("\n  "))),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_scenario_file_can_be_read() {
        let scenarios = crate::scenario::load(&super::folder()).unwrap_or_else(|error| panic!("{error}"));
        assert!(scenarios.len() >= super::FLOOR, "{} scenarios: there must be {}", scenarios.len(), super::FLOOR);
    }
}
