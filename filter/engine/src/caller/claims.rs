//! Claims of a token that Envoy verified, picked out of its metadata as they are walked.
//!
//! Envoy's attributes give a claim without its type: a list looks like packed pairs, and a number
//! like eight letters. So the whole namespace is walked in its typed form, and only a text is taken
//! for a name and only texts for roles.

use super::{Found, Kind, ROLES_MAX};
use crate::attributes::Attributes;
use crate::config::callers;
use crate::config::read::{Broken, Elements, Entries, Ignored, Item, Sink};
use std::sync::Arc;

/// Where `jwt_authn` puts what it verified.
const NAMESPACE: &str = "envoy.filters.http.jwt_authn";

/// Which claims stand for whom.
#[derive(Debug)]
pub(super) struct Jwt {
    namespace: Box<str>,
    payload: Box<str>,
    subject: Vec<Box<str>>,
    roles: Option<Vec<Box<str>>>,
}

impl Jwt {
    pub(super) fn compile(written: &callers::Jwt) -> Self {
        Self {
            namespace: written.metadata.as_ref().map_or(NAMESPACE, |name| name.as_str()).into(),
            payload: written.payload.as_str().into(),
            subject: steps(written.subject.as_ref().map_or("sub", |claim| claim.as_str())),
            roles: written.roles.as_ref().map(|claim| steps(claim.as_str())),
        }
    }

    pub(super) fn find(&self, attributes: &dyn Attributes) -> Found {
        let mut subject = Picked::default();
        let mut roles = Picked::default();
        let mut payload = Payload { jwt: self, subject: &mut subject, roles: &mut roles, found: false };
        match attributes.metadata(&self.namespace, &mut payload) {
            Ok(_) if !payload.found => Found::None,
            // A token without a name, or metadata that ends early, is nobody's.
            Ok(_) if subject.texts.len() == 1 && !subject.is_list => {
                let name = subject.texts.pop().unwrap_or_default();
                Found::named(Kind::Jwt, name.as_bytes(), roles.roles())
            }
            Ok(_) | Err(_) => Found::Invalid,
        }
    }
}

/// The steps of a JSON pointer (RFC 6901), or the one of a plain name.
fn steps(claim: &str) -> Vec<Box<str>> {
    match claim.strip_prefix('/') {
        Some(pointer) => pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~").into()).collect(),
        None => vec![claim.into()],
    }
}

/// The texts that were found at a claim.
#[derive(Default)]
struct Picked {
    texts: Vec<String>,
    is_list: bool,
}

impl Picked {
    /// Each text of a list is a role; of a text alone, each word.
    fn roles(self) -> Vec<Arc<str>> {
        let split = |text: &String| -> Vec<Arc<str>> {
            match self.is_list {
                true => vec![text.as_str().into()],
                false => text.split_ascii_whitespace().map(Into::into).collect(),
            }
        };
        self.texts.iter().flat_map(split).take(ROLES_MAX).collect()
    }
}

/// Takes the namespace: an object of payloads.
struct Payload<'p> {
    jwt: &'p Jwt,
    subject: &'p mut Picked,
    roles: &'p mut Picked,
    found: bool,
}

impl Sink for Payload<'_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        let Item::Object(object) = item else { return Ignored.take(item) };
        while let Some(key) = object.next_key()? {
            if *key == *self.jwt.payload {
                self.found = true;
                let mut wanted = vec![(&self.jwt.subject[..], &mut *self.subject)];
                wanted.extend(self.jwt.roles.as_deref().map(|steps| (steps, &mut *self.roles)));
                object.value(&mut Pick { wanted })?;
            } else {
                object.value(&mut Ignored)?;
            }
        }
        Ok(())
    }
}

/// Takes one value, at which the remaining steps of each wanted claim begin.
struct Pick<'p> {
    wanted: Vec<(&'p [Box<str>], &'p mut Picked)>,
}

impl Pick<'_> {
    fn arrived(&mut self) -> impl Iterator<Item = &mut Picked> {
        self.wanted.iter_mut().filter(|(steps, _)| steps.is_empty()).map(|(_, picked)| &mut **picked)
    }
}

impl Sink for Pick<'_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match item {
            Item::Text(text) => self.arrived().for_each(|picked| picked.texts.push(text.to_owned())),
            Item::List(list) => return self.list(list),
            Item::Object(object) => return self.object(object),
            Item::Boolean(_) | Item::Number(_) | Item::Null => {}
        }
        Ok(())
    }
}

impl Pick<'_> {
    fn list(&mut self, list: &mut dyn Elements) -> Result<(), Broken> {
        if self.arrived().next().is_none() {
            return Ignored.take(Item::List(list));
        }
        let mut texts = Texts::default();
        while list.next(&mut texts)? {}
        for picked in self.arrived() {
            picked.is_list = true;
            picked.texts.extend(texts.0.iter().cloned());
        }
        Ok(())
    }

    fn object(&mut self, object: &mut dyn Entries) -> Result<(), Broken> {
        while let Some(key) = object.next_key()? {
            let below = self.wanted.iter_mut().filter_map(|(steps, picked)| {
                let (first, rest) = steps.split_first()?;
                (**first == *key).then_some((rest, &mut **picked))
            });
            object.value(&mut Pick { wanted: below.collect() })?;
        }
        Ok(())
    }
}

/// Takes the texts of a list.
#[derive(Default)]
struct Texts(Vec<String>);

impl Sink for Texts {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match item {
            Item::Text(text) if self.0.len() < ROLES_MAX => self.0.push(text.to_owned()),
            Item::Text(_) => {}
            other => return Ignored.take(other),
        }
        Ok(())
    }
}
