//! One declaration for an object of the configuration: its type, its reader and its schema.

/// Declares a struct whose fields are keys of a configuration object.
///
/// A field is `key: Type, required;` (its absence is a problem), `key: Type, optional;` (the field is
/// an `Option`) or `key: Type, default;` (absent means `Type::default()`). The doc comments become the
/// descriptions in the JSON Schema. What each key needs is in functions of `read`, once for a type:
/// code that stood here would be in the module once for a key.
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

            fn object(
                context: &mut $crate::config::read::Context,
                object: &mut dyn $crate::config::read::Entries,
            ) -> Result<Option<Self>, $crate::config::read::Broken> {
                const KEYS: &[&str] = &[$(stringify!($field)),*];
                $( let mut $field: $crate::config::read::Given<$type> = None; )*
                while let Some(key) = object.next_key()? {
                    match key.as_str() {
                        $( stringify!($field) => $crate::config::read::field(context, &key, object, &mut $field)?, )*
                        _ => $crate::config::read::unknown_field(context, &key, KEYS, object)?,
                    }
                }
                $( let $field = config_object!(@take $presence, context, $field, stringify!($field)); )*
                Ok((|| Some(Self { $( $field: $field?, )* }))())
            }

            fn schema(schema: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                schema.object(
                    stringify!($name),
                    concat!($($doc),*),
                    &[$( (stringify!($field), concat!($($field_doc),*), config_object!(@required $presence), <$type as $crate::config::read::Read>::schema) ),*],
                )
            }
        }
    };
    (@type optional, $type:ty) => { Option<$type> };
    (@type $presence:ident, $type:ty) => { $type };
    (@take required, $context:ident, $given:expr, $key:expr) => {
        $crate::config::read::required($context, $given, $key)
    };
    (@take optional, $context:ident, $given:expr, $key:expr) => {
        $crate::config::read::optional($given)
    };
    (@take default, $context:ident, $given:expr, $key:expr) => {
        $given.unwrap_or_else(|| Some(Default::default()))
    };
    (@required required) => { true };
    (@required $presence:ident) => { false };
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

        impl $crate::config::read::Read for $name {
            const EXPECTED: &'static str = concat!("one of" $(, " `", $word, "`")*);

            fn text(context: &mut $crate::config::read::Context, text: &str) -> Option<Self> {
                let found = Self::ALL.iter().copied().find(|choice| choice.word() == text);
                if found.is_none() {
                    let found = format!("`{}`", $crate::config::read::shown(text));
                    context.mismatch(Self::EXPECTED, &found);
                }
                found
            }

            fn schema(_: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                serde_json::json!({ "enum": [$($word),*], "description": concat!($($doc),*).trim() })
            }
        }
    };
}

pub(crate) use {config_choice, config_object};
