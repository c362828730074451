//! Tax numbers of Brazil.

use crate::context::classes;
use crate::row::{Left, ROW, Row, Rule, Sum, Values, alone, sum, told};
use crate::types::Level;

/// Numbers of persons.
pub static CPF: Row = Row {
    name: "br_cpf",
    unverified: Some("br_cpf_unverified"),
    level: Level::Critical,
    shapes: &[alone("###.###.###-##"), told("#{11}"), told("#{9}-##")],
    rules: &[Rule::Varied(0)],
    checks: &[
        sum(&[10, 9, 8, 7, 6, 5, 4, 3, 2], 11, Left::MissingOrNought),
        sum(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2], 11, Left::MissingOrNought),
    ],
    told_by: classes::BR.union(classes::TAX).union(classes::NATIONAL),
    #[cfg(test)]
    source: "Receita Federal: two digits modulo 11, weights from 10 and from 11 down to 2",
    ..ROW
};

/// Numbers of companies, with letters from July 2026 on.
pub static CNPJ: Row = Row {
    name: "br_cnpj",
    unverified: Some("br_cnpj_unverified"),
    level: Level::Low,
    shapes: &[alone("*{2}.*{3}.*{3}/*{4}-##"), alone("^^.*{3}.*{3}/*{4}-##"), told("*{12}##")],
    rules: &[Rule::Varied(0)],
    checks: &[coded(&[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]), coded(&[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])],
    told_by: classes::BR.union(classes::TAX).union(classes::COMPANY),
    #[cfg(test)]
    source: "Receita Federal, IN RFB 2.229/2024: two digits modulo 11 over the characters' codes less 48",
    ..ROW
};

const fn coded(weights: &'static [u8]) -> Rule {
    Rule::Sum(Sum { at: 0, weights, modulus: 11, left: Left::MissingOrNought, values: Values::Code })
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "390.533.447-05", "br_cpf"),
    ("", "231.002.999-00", "br_cpf_unverified"),
    ("cpf", "39053344705", "br_cpf"),
    ("", "39053344705", ""),
    ("cpf", "11111111111", ""),
    ("", "16.727.230/0001-97", "br_cnpj"),
    ("cnpj", "16727230000197", "br_cnpj"),
    ("cnpj", "12ABC34501DE35", "br_cnpj"),
    ("", "16.727.230/0001-98", "br_cnpj_unverified"),
    ("", "16727230000197", ""),
];
