//! One declaration for an object of the configuration: its type, its reader and its schema.

/// Declares a struct whose fields are keys of a configuration object.
///
/// A field is `key: Type, required;` (its absence is a problem), `key: Type, optional;` (the field is
/// an `Option`), `key: Type, default;` (absent means `Type::default()`), or `field: Type, shared;`: the
/// keys of [`shared_keys`], which then stand among the object's own. The doc comments become the
/// descriptions in the JSON Schema. What is read from a value that is wrong is its absence: whoever
/// reads looks at the problems first.
macro_rules! config_object {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $field_doc:literal])* $field:ident: $type:ty, $presence:ident; )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $( $(#[doc = $field_doc])* pub $field: config_object!(@type $presence, $type), )*
        }

        impl $crate::config::read::Read for $name {
            const EXPECTED: &'static str = "an object";
            const TAKES: &'static [$crate::config::read::Kind] = &[$crate::config::read::Kind::Object];

            fn object(
                context: &mut $crate::config::read::Context,
                object: &mut dyn $crate::config::read::Entries,
            ) -> Result<Option<Self>, $crate::config::read::Broken> {
                $( let mut $field: config_object!(@place $presence, $type) = Default::default(); )*
                let mut keys = $crate::config::read::Keys::default();
                $( config_object!(@add $presence, keys, $field); )*
                keys.fill(context, object)?;
                let made = || Some(Self { $( $field: config_object!(@take $presence, $field), )* });
                Ok(made())
            }

            fn schema(schema: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                let mut fields = $crate::config::schema::Fields::default();
                $( config_object!(@describe $presence, fields, $field, $type, concat!($($field_doc),*)); )*
                schema.object(stringify!($name), concat!($($doc),*), &fields)
            }
        }
    };
    (@type optional, $type:ty) => { Option<$type> };
    (@type $presence:ident, $type:ty) => { $type };
    (@place shared, $type:ty) => { $type };
    (@place $presence:ident, $type:ty) => { Option<$type> };
    (@add shared, $keys:ident, $field:ident) => {
        $crate::config::read::SharedKeys::add_to(&mut $field, &mut $keys)
    };
    (@add required, $keys:ident, $field:ident) => { $keys.add(stringify!($field), true, &mut $field) };
    (@add $presence:ident, $keys:ident, $field:ident) => { $keys.add(stringify!($field), false, &mut $field) };
    (@take required, $field:ident) => { $field? };
    (@take default, $field:ident) => { $field.unwrap_or_default() };
    (@take $presence:ident, $field:ident) => { $field };
    (@describe shared, $fields:ident, $field:ident, $type:ty, $doc:expr) => {
        <$type as $crate::config::read::SharedKeys>::describe(&mut $fields)
    };
    (@describe $presence:ident, $fields:ident, $field:ident, $type:ty, $doc:expr) => {
        $fields.add(
            stringify!($field),
            $doc,
            config_object!(@required $presence),
            <$type as $crate::config::read::Read>::schema,
        )
    };
    (@required required) => { true };
    (@required $presence:ident) => { false };
}

/// Declares a struct of keys, all optional, that stand among the keys of other objects, and that are
/// an object too.
macro_rules! shared_keys {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $field_doc:literal])* $field:ident: $type:ty; )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name {
            $( $(#[doc = $field_doc])* pub $field: Option<$type>, )*
        }

        impl $crate::config::read::SharedKeys for $name {
            fn add_to<'p>(&'p mut self, keys: &mut $crate::config::read::Keys<'p>) {
                $( keys.add(stringify!($field), false, &mut self.$field); )*
            }

            fn describe(fields: &mut $crate::config::schema::Fields) {
                $( fields.add(
                    stringify!($field),
                    concat!($($field_doc),*),
                    false,
                    <$type as $crate::config::read::Read>::schema,
                ); )*
            }
        }

        impl $crate::config::read::Read for $name {
            const EXPECTED: &'static str = "an object";
            const TAKES: &'static [$crate::config::read::Kind] = &[$crate::config::read::Kind::Object];

            fn object(
                context: &mut $crate::config::read::Context,
                object: &mut dyn $crate::config::read::Entries,
            ) -> Result<Option<Self>, $crate::config::read::Broken> {
                let mut own = Self::default();
                let mut keys = $crate::config::read::Keys::default();
                $crate::config::read::SharedKeys::add_to(&mut own, &mut keys);
                keys.fill(context, object)?;
                Ok(Some(own))
            }

            fn schema(schema: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                let mut fields = $crate::config::schema::Fields::default();
                <Self as $crate::config::read::SharedKeys>::describe(&mut fields);
                schema.object(stringify!($name), concat!($($doc),*), &fields)
            }
        }
    };
}

/// Declares an enum whose variants are words of the configuration. The first is the default.
macro_rules! config_choice {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $variant_doc:literal])* $variant:ident = $word:literal, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $( $(#[doc = $variant_doc])* $variant, )*
        }

        impl $name {
            /// Every choice, the default first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word that stands for it in the configuration.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }
        }

        config_choice! { $(#[doc = $doc])* for $name { $( $variant = $word, )* } }
    };
    // An enum that stands elsewhere: it is read by a word for each variant.
    (
        $(#[doc = $doc:literal])*
        for $name:ident { $( $variant:ident = $word:literal, )* }
    ) => {
        impl $crate::config::read::Read for $name {
            const EXPECTED: &'static str = concat!("one of" $(, " `", $word, "`")*);
            const TAKES: &'static [$crate::config::read::Kind] = &[$crate::config::read::Kind::Text];

            fn text(context: &mut $crate::config::read::Context, text: &str) -> Option<Self> {
                let found = [$( ($word, Self::$variant) ),*].into_iter().find(|(word, _)| *word == text);
                if found.is_none() {
                    context.mismatched_text(Self::EXPECTED, text);
                }
                found.map(|(_, choice)| choice)
            }

            fn schema(_: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                serde_json::json!({ "enum": [$($word),*], "description": concat!($($doc),*).trim() })
            }
        }
    };
}

pub(crate) use {config_choice, config_object, shared_keys};
