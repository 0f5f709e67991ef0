//! The parameters of one strategy alone: what there are, and the values that a task gives them.

use std::collections::BTreeMap;

use evolve_core::task::{ParameterValue, SearchSection};

/// What values a parameter takes, with its default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A number within bounds.
    Number {
        /// Without a word from the task.
        default: f64,
        /// The least and the greatest allowed.
        bounds: (f64, f64),
    },
    /// A whole number within bounds.
    Count {
        /// Without a word from the task.
        default: u32,
        /// The least and the greatest allowed.
        bounds: (u32, u32),
    },
    /// A list of names.
    Names {
        /// Without a word from the task.
        default: &'static [&'static str],
        /// Most names.
        most: usize,
    },
}

/// A parameter of one strategy, set in `[search.parameters]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnParameter {
    /// Its key.
    pub key: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// Its values; the default is that of the system that the strategy comes from.
    pub kind: Kind,
}

impl OwnParameter {
    /// The default as text.
    pub fn default_text(&self) -> String {
        match self.kind {
            Kind::Number { default, .. } => default.to_string(),
            Kind::Count { default, .. } => default.to_string(),
            Kind::Names { default, .. } => format!("{default:?}"),
        }
    }
}

/// A value that a strategy cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("search.parameters.{key}: {why}")]
pub struct BadParameter {
    /// The key as the task gives it.
    pub key: String,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

/// The values of a strategy's parameters, each of which there is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Parameters(BTreeMap<&'static str, ParameterValue>);

impl Parameters {
    /// The task's values, with defaults for the others.
    pub(crate) fn of(config: &SearchSection, own: &[OwnParameter]) -> Result<Self, BadParameter> {
        if let Some(unknown) =
            config.parameters.keys().find(|key| own.iter().all(|p| p.key != **key))
        {
            let known: Vec<_> =
                own.iter().map(|parameter| format!("`{}`", parameter.key)).collect();
            let why = if known.is_empty() {
                format!("the strategy `{}` has no parameters of its own", config.strategy)
            } else {
                format!("the strategy `{}` has {}", config.strategy, known.join(", "))
            };
            return Err(BadParameter { key: unknown.clone(), why });
        }
        let mut values = BTreeMap::new();
        for parameter in own {
            let value = match config.parameters.get(parameter.key) {
                Some(value) => checked(parameter, value)?,
                None => default(parameter.kind),
            };
            values.insert(parameter.key, value);
        }
        Ok(Self(values))
    }

    pub(crate) fn number(&self, key: &str) -> f64 {
        match self.0.get(key) {
            Some(ParameterValue::Number(value)) => *value,
            _ => 0.0,
        }
    }

    pub(crate) fn count(&self, key: &str) -> usize {
        self.number(key) as usize
    }

    pub(crate) fn names(&self, key: &str) -> Vec<String> {
        match self.0.get(key) {
            Some(ParameterValue::Names(names)) => names.clone(),
            _ => Vec::new(),
        }
    }
}

fn default(kind: Kind) -> ParameterValue {
    match kind {
        Kind::Number { default, .. } => ParameterValue::Number(default),
        Kind::Count { default, .. } => ParameterValue::Number(default.into()),
        Kind::Names { default, .. } => {
            ParameterValue::Names(default.iter().map(|name| (*name).to_owned()).collect())
        }
    }
}

fn checked(
    parameter: &OwnParameter,
    value: &ParameterValue,
) -> Result<ParameterValue, BadParameter> {
    let bad = |why: String| BadParameter { key: parameter.key.to_owned(), why };
    match (parameter.kind, value) {
        (Kind::Number { bounds: (low, high), .. }, ParameterValue::Number(number)) => {
            let within = (low..=high).contains(number);
            within
                .then(|| value.clone())
                .ok_or_else(|| bad(format!("{number} is not between {low} and {high}")))
        }
        (Kind::Count { bounds: (low, high), .. }, ParameterValue::Number(number)) => {
            let within =
                number.fract() == 0.0 && (f64::from(low)..=f64::from(high)).contains(number);
            within.then(|| value.clone()).ok_or_else(|| {
                bad(format!("{number} is not a whole number between {low} and {high}"))
            })
        }
        (Kind::Names { most, .. }, ParameterValue::Names(names)) => {
            let sound =
                (1..=most).contains(&names.len()) && names.iter().all(|name| !name.is_empty());
            sound.then(|| value.clone()).ok_or_else(|| bad(format!("give 1 to {most} names")))
        }
        (Kind::Names { .. }, _) => Err(bad("give a list of names".to_owned())),
        _ => Err(bad("give a number".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [OwnParameter; 3] = [
        OwnParameter {
            key: "c",
            meaning: "",
            kind: Kind::Number { default: 1.5, bounds: (0.0, 10.0) },
        },
        OwnParameter { key: "n", meaning: "", kind: Kind::Count { default: 3, bounds: (1, 9) } },
        OwnParameter { key: "of", meaning: "", kind: Kind::Names { default: &["size"], most: 2 } },
    ];

    fn given(key: &str, value: ParameterValue) -> Result<Parameters, BadParameter> {
        let parameters = BTreeMap::from([(key.to_owned(), value)]);
        Parameters::of(&SearchSection { parameters, ..SearchSection::default() }, &OWN)
    }

    #[test]
    #[allow(clippy::float_cmp)] // values are passed on as they are
    fn what_the_task_does_not_say_is_the_default() {
        let values = given("n", ParameterValue::Number(5.0)).unwrap();
        assert_eq!((values.number("c"), values.count("n")), (1.5, 5));
        assert_eq!(values.names("of"), ["size"]);
    }

    #[test]
    fn wrong_values_are_explained() {
        let names = |names: &[&str]| {
            ParameterValue::Names(names.iter().map(|name| (*name).to_owned()).collect())
        };
        for (key, value, said) in [
            ("c", ParameterValue::Number(11.0), "11 is not between 0 and 10"),
            ("c", ParameterValue::Number(f64::NAN), "not between"),
            ("n", ParameterValue::Number(2.5), "2.5 is not a whole number"),
            ("n", names(&["x"]), "give a number"),
            ("of", ParameterValue::Number(1.0), "give a list of names"),
            ("of", names(&["a", "b", "c"]), "1 to 2 names"),
            ("x", ParameterValue::Number(1.0), "`adaptive` has `c`, `n`, `of`"),
        ] {
            let error = given(key, value).unwrap_err();
            assert_eq!(error.key, key);
            assert!(error.why.contains(said), "{error}");
        }
    }
}
