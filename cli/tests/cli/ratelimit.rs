//! `ostiary ratelimit-config`: the file for envoyproxy/ratelimit, as it is read there.

use super::ostiary;

const POLICY: &str = r#"
version: v1
counting: { domain: edge, service: { cluster: ratelimit } }
callers: { headers: [{ header: x-user, set_by: filter }] }
quotas:
  - { name: here, limit: 5/1m }
  - { name: partner-month, per: [caller.id, "header:x-tenant"], limit: 1000000/month, zone: Asia/Shanghai, scope: global }
  - { name: tried, limit: 10/1s, scope: global, shadow: true }
"#;

const FILE: &str = r#"domain: edge
descriptors:
  - key: quota
    value: "partner-month"
    descriptors:
      - key: "period"
        descriptors:
          - key: "caller.id"
            descriptors:
              - key: "header:x-tenant"
                rate_limit:
                  unit: year
                  requests_per_unit: 1000000
  - key: quota
    value: "shadow:tried"
    rate_limit:
      unit: second
      requests_per_unit: 10
"#;

/// The file says every global quota and no other, in the words of the service; what has none is told so.
#[test]
fn the_file_says_what_the_filter_asks_for() {
    let said = ostiary(&["ratelimit-config", "-"], POLICY);
    said.expect(0, &[]);
    assert_eq!(said.out, FILE);
    ostiary(&["ratelimit-config", "-"], "{ version: v1, quotas: [{ name: here, limit: 5/1m }] }")
        .expect(1, &["no quota has `scope: global`"]);
    ostiary(&["ratelimit-config", "-"], "{ version: v1, quotas: [{ name: far, limit: 5/1m, scope: global }] }")
        .expect(1, &["quotas[0].scope: needs a rate limit service"]);
}
