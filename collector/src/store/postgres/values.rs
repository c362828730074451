//! Values as the server takes and gives them.

use std::error::Error;

use bytes::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::store::StoreError;
use crate::store::sql::{Kind, Row, Value};

/// One column of many rows, as an array.
pub(super) type Array = Box<dyn ToSql + Sync>;

/// Rows as one array for each column, and the `unnest` that makes rows of them again.
pub(super) fn arrays(columns: &[(&'static str, Kind)], rows: Vec<Row>) -> (String, Vec<Array>) {
    let mut ints: Vec<Vec<i64>> = Vec::new();
    let mut texts: Vec<Vec<String>> = Vec::new();
    let mut bytes: Vec<Vec<Vec<u8>>> = Vec::new();
    for (_, kind) in columns {
        match kind {
            Kind::Int => ints.push(Vec::with_capacity(rows.len())),
            Kind::Text => texts.push(Vec::with_capacity(rows.len())),
            Kind::Bytes => bytes.push(Vec::with_capacity(rows.len())),
        }
    }
    for row in rows {
        let (mut int, mut text, mut byte) = (ints.iter_mut(), texts.iter_mut(), bytes.iter_mut());
        for (value, (_, kind)) in row.into_iter().zip(columns) {
            // A value of another kind than its column's cannot be made by our rows; it becomes an empty one.
            match kind {
                Kind::Int => push(int.next(), if let Value::Int(number) = value { number } else { 0 }),
                Kind::Text => push(text.next(), if let Value::Text(text) = value { text } else { String::new() }),
                Kind::Bytes => push(byte.next(), if let Value::Bytes(bytes) = value { bytes } else { Vec::new() }),
            }
        }
    }
    let (mut int, mut text, mut byte) = (ints.into_iter(), texts.into_iter(), bytes.into_iter());
    let mut arrays: Vec<Array> = Vec::with_capacity(columns.len());
    let mut places = Vec::with_capacity(columns.len());
    for (at, (_, kind)) in (1..).zip(columns) {
        let (array, name): (Array, &str) = match kind {
            Kind::Int => (Box::new(int.next().unwrap_or_default()), "BIGINT"),
            Kind::Text => (Box::new(text.next().unwrap_or_default()), "TEXT"),
            Kind::Bytes => (Box::new(byte.next().unwrap_or_default()), "BYTEA"),
        };
        arrays.push(array);
        places.push(format!("${at}::{name}[]"));
    }
    (format!("unnest({})", places.join(", ")), arrays)
}

fn push<T>(column: Option<&mut Vec<T>>, value: T) {
    if let Some(column) = column {
        column.push(value);
    }
}

/// A row as the server gives it; an aggregate over no rows is null, which stands for 0.
pub(super) fn row_of(row: &postgres::Row) -> Result<Row, StoreError> {
    let one = |at: usize, kind: &Type| {
        Ok(match *kind {
            Type::INT8 => Value::Int(row.try_get::<_, Option<i64>>(at)?.unwrap_or(0)),
            Type::INT4 => Value::Int(i64::from(row.try_get::<_, Option<i32>>(at)?.unwrap_or(0))),
            Type::BYTEA => Value::Bytes(row.try_get::<_, Option<Vec<u8>>>(at)?.unwrap_or_default()),
            _ => Value::Text(row.try_get::<_, Option<String>>(at)?.unwrap_or_default()),
        })
    };
    row.columns().iter().enumerate().map(|(at, column)| one(at, column.type_())).collect()
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Int(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    to_sql_checked!();
}
