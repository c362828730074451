//! Keys and tokens of services, by the prefixes that they were given so that they can be found.

use crate::context::classes;
use crate::row::{ROW, Row, Rule, alone};
use crate::types::Level;

/// Access keys of cloud providers.
pub static CLOUD: Row = Row {
    name: "cloud_key",
    level: Level::Critical,
    shapes: &[
        alone("AKIA*{16}"),
        alone("ASIA*{16}"),
        alone("ABIA*{16}"),
        alone("ACCA*{16}"),
        alone("LTAI*{12,26}"),
        alone("AKID*{13,40}"),
        alone("AIza~{35}"),
        alone("GOCSPX-~{28}"),
        alone("ya29.~{30,1024}"),
        alone("dop_v1_?{64}"),
        alone("doo_v1_?{64}"),
        alone("hvs.~{24,200}"),
        alone("AGE-SECRET-KEY-1*{58}"),
        alone("dapi?{32}"),
    ],
    rules: &[Rule::Is(is_mixed)],
    #[cfg(test)]
    source: "the providers' documentation: AWS, Alibaba Cloud, Tencent Cloud, Google Cloud, DigitalOcean, Vault, age, Databricks",
    ..ROW
};

/// Tokens of GitHub, which carry a checksum.
pub static GITHUB: Row = Row {
    name: "github_token",
    unverified: Some("github_token_unverified"),
    level: Level::Critical,
    shapes: &[alone("gh&_*{36}")],
    rules: &[Rule::Is(is_kind)],
    checks: &[Rule::Is(has_crc)],
    #[cfg(test)]
    source: "GitHub, Behind GitHub's new authentication token formats: CRC-32 of thirty characters in six digits of base 62",
    ..ROW
};

/// Tokens of places where code and packages are kept.
pub static GIT: Row = Row {
    name: "git_token",
    level: Level::Critical,
    shapes: &[
        alone("github_pat_*{22}_*{59}"),
        alone("glpat-~{20,64}"),
        alone("gldt-~{20,64}"),
        alone("glrt-~{20,64}"),
        alone("glptt-?{40}"),
        alone("npm_*{36}"),
        alone("pypi-AgE~{50,300}"),
        alone("dckr_pat_~{27}"),
        alone("rubygems_?{48}"),
        alone("ATATT3~{50,300}"),
        alone("ATBB*{32}"),
    ],
    #[cfg(test)]
    source: "the services' documentation: GitHub, GitLab, npm, PyPI, Docker Hub, RubyGems, Atlassian",
    ..ROW
};

/// Tokens of other services.
pub static SERVICE: Row = Row {
    name: "service_token",
    level: Level::Critical,
    shapes: &[
        alone("xox&-~{10,250}"),
        alone("xapp-~{10,250}"),
        alone("sk-proj-~{20,200}"),
        alone("sk-ant-~{20,200}"),
        alone("sk-~{40,200}"),
        alone("sk_live_*{16,250}"),
        alone("rk_live_*{16,250}"),
        alone("sk_test_*{16,250}"),
        alone("whsec_*{24,64}"),
        alone("SG.~{22}.~{43}"),
        alone("hf_*{34}"),
        alone("shp&{2}_?{32}"),
        alone("sq0&{3}-~{22,43}"),
        alone("#{8,10}:AA~{33}"),
        alone("key-?{32}"),
        alone("SK?{32}"),
        alone("lin_api_*{40}"),
        alone("PMAK-?{24}-?{34}"),
        alone("figd_~{40}"),
        alone("ntn_*{40,60}"),
    ],
    rules: &[Rule::Is(has_digit)],
    #[cfg(test)]
    source: "the services' documentation: Slack, OpenAI, Anthropic, Stripe, SendGrid, Hugging Face, Shopify, Square, Telegram, Mailgun, Twilio and others",
    ..ROW
};

/// Secrets by the name of their field.
pub static SECRET: Row = Row {
    name: "secret",
    level: Level::Critical,
    whole: true,
    rules: &[Rule::Is(is_secret)],
    told_by: classes::SECRET,
    #[cfg(test)]
    source: "four to 1024 characters without spaces, by the name of the field (password, secret, key, token)",
    ..ROW
};

/// Access keys are random: capitals or both cases with digits, never a word.
fn is_mixed(_: &[u8], written: &[u8]) -> bool {
    has_digit(&[], written) && written.iter().any(u8::is_ascii_alphabetic)
}

fn has_digit(_: &[u8], written: &[u8]) -> bool {
    written.iter().skip(4).any(u8::is_ascii_digit)
}

fn is_kind(_: &[u8], written: &[u8]) -> bool {
    written.get(2).is_some_and(|kind| b"pousr".contains(kind))
}

fn has_crc(_: &[u8], written: &[u8]) -> bool {
    let Some((body, check)) = written.get(4..).and_then(|token| token.split_at_checked(30)) else { return false };
    let crc = body.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    let said = check.iter().try_fold(0_u64, |number, byte| {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        Some(number * 62 + u64::from(value))
    });
    said == Some(u64::from(!crc))
}

fn is_secret(_: &[u8], written: &[u8]) -> bool {
    const NONE: [&[u8]; 8] = [b"true", b"false", b"null", b"none", b"undefined", b"required", b"password", b"N/A"];
    let masked = written.iter().all(|byte| matches!(byte, b'*' | b'.' | b'x' | b'X' | b'-'));
    (4..=1024).contains(&written.len())
        && !written.iter().any(u8::is_ascii_whitespace)
        && !masked
        && !NONE.iter().any(|none| written.eq_ignore_ascii_case(none))
        && !written.starts_with(b"http")
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "AKIAIOSFODNN7EXAMPLE", "cloud_key"),
    ("", "LTAI5tBcc9SecYAo1234abcd", "cloud_key"),
    ("", "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe", "cloud_key"),
    ("", "AKIAIOSFODNN7EXAMPLE1", ""),
    ("", "MAKIAIOSFODNN7EXAMPLE", ""),
    ("", "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", "github_token"),
    ("", "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18", "github_token_unverified"),
    ("", "ghx_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", ""),
    ("", "glpat-A1b2C3d4E5f6G7h8I9j0", "git_token"),
    ("", "npm_A1b2C3d4E5f6G7h8I9j0A1b2C3d4E5f6G7h8", "git_token"),
    ("", "xoxb-123456789012-abcdefABCDEF", "service_token"),
    ("", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "service_token"),
    ("", "123456789:AAF1b2C3d4E5f6G7h8I9j0A1b2C3d4E5f6G", "service_token"),
    ("", "sk-learn-and-other-libraries-for-machine-learning-in-python", ""),
    ("password", "hunter2", "secret"),
    ("clientSecret", "9f8a7b6c", "secret"),
    ("password", "true", ""),
    ("password", "********", ""),
    ("title", "hunter2", ""),
];
