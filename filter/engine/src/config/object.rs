//! One declaration for an object of the configuration: its type, its reader and its schema.

/// Declares a struct whose fields are keys of a configuration object.
///
/// A field is `key: Type, required;` (its absence is a problem) or `key: Type, default;` (absent
/// means `Type::default()`). The doc comments become the descriptions in the JSON Schema.
macro_rules! config_object {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $field_doc:literal])* $field:ident: $type:ty, $presence:ident; )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            $( $(#[doc = $field_doc])* pub $field: $type, )*
        }

        impl $crate::config::read::Read for $name {
            const EXPECTED: &'static str = "an object";

            fn object(
                context: &mut $crate::config::read::Context,
                object: &mut dyn $crate::config::read::Entries,
            ) -> Result<Option<Self>, $crate::config::read::Broken> {
                const KEYS: &[&str] = &[$(stringify!($field)),*];
                struct Slots { $( $field: Option<Option<$type>>, )* }
                let mut slots = Slots { $( $field: None, )* };
                while let Some(key) = object.next_key()? {
                    match key.as_str() {
                        $( stringify!($field) => {
                            context.enter_key(&key);
                            if slots.$field.is_some() {
                                context.problem("this key stands twice");
                            }
                            let given = $crate::config::read::Slot::<$type>::fill(context, |sink| object.value(sink));
                            context.leave();
                            slots.$field = Some(given?.1);
                        } )*
                        _ => {
                            context.unknown_key(&key, KEYS);
                            object.value(&mut $crate::config::read::Ignored)?;
                        }
                    }
                }
                $( let $field = config_object!(@take $presence, context, slots.$field, stringify!($field)); )*
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
    (@take required, $context:ident, $slot:expr, $key:expr) => {
        $slot.unwrap_or_else(|| {
            $context.problem_at($key, "this key is required");
            None
        })
    };
    (@take default, $context:ident, $slot:expr, $key:expr) => {
        $slot.unwrap_or_else(|| Some(Default::default()))
    };
    (@required required) => { true };
    (@required default) => { false };
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
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
