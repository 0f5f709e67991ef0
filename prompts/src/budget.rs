//! Fitting a prompt into a number of tokens: whole items are left out, the least important
//! sections first, and no section may crowd out the others.

use crate::context::Context;
use crate::templates::{PromptError, Prompts};
use crate::tokens::Counting;

/// A rendered prompt.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// The system message: the same for all proposals of a run, so that providers cache it.
    pub system: String,
    /// The user message.
    pub user: String,
    /// The context without what was left out.
    pub context: Context,
    /// What was left out, in words, a line each.
    pub left_out: Vec<String>,
}

impl Prompt {
    /// How many tokens both messages have.
    pub fn tokens(&self, counting: Counting) -> u64 {
        counting.count(&self.system) + counting.count(&self.user)
    }
}

/// Sections that may lose items, most important first, each with the greatest part of the
/// free tokens that it gets in the first round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Clash,
    Taken,
    Artifacts,
    Insights,
    Inspirations,
    Cognition,
    Tried,
    Lineage,
}

const SECTIONS: [(Section, f64, &str); 8] = [
    (Section::Clash, 0.10, "proposals not to repeat"),
    (Section::Taken, 0.10, "ideas of the same round"),
    (Section::Artifacts, 0.35, "artifacts of the parents"),
    (Section::Insights, 0.10, "insights"),
    (Section::Inspirations, 0.35, "inspirations"),
    (Section::Cognition, 0.25, "cognition items"),
    (Section::Tried, 0.10, "proposals that were tried"),
    (Section::Lineage, 0.10, "steps of the lineage"),
];

impl Prompts {
    /// Fills `system.md` and `user.md`, leaving out items until both together have at most
    /// `budget` tokens of the given kind. Parents, task and answer format are never left out.
    pub fn render(
        &self,
        full: &Context,
        budget: u64,
        counting: Counting,
    ) -> Result<Prompt, PromptError> {
        let mut kept = Kept::none(full);
        let mut used = self.size(&kept.context(full), counting)?;
        if used > budget {
            return Err(PromptError::TooLong { needed: used, budget });
        }
        let free = (budget - used) as f64;
        // First each section within its share, then whatever still fits.
        for within_share in [true, false] {
            for (section, share, _) in SECTIONS {
                let mut own = 0;
                for item in 0..count(full, section) {
                    if kept.has(section, item) {
                        continue;
                    }
                    kept.set(section, item, true);
                    let size = self.size(&kept.context(full), counting)?;
                    let cost = size.saturating_sub(used);
                    let too_much = within_share && (own + cost) as f64 > share * free;
                    if size > budget || too_much {
                        kept.set(section, item, false);
                        continue;
                    }
                    own += cost;
                    used = size;
                }
            }
        }
        let context = kept.context(full);
        Ok(Prompt {
            system: self.message("system.md", &context)?,
            user: self.message("user.md", &context)?,
            left_out: kept.left_out(),
            context,
        })
    }

    fn size(&self, context: &Context, counting: Counting) -> Result<u64, PromptError> {
        Ok(counting.count(&self.message("system.md", context)?)
            + counting.count(&self.message("user.md", context)?))
    }
}

fn count(context: &Context, section: Section) -> usize {
    match section {
        Section::Clash => context.clash.len(),
        Section::Taken => context.taken.len(),
        Section::Artifacts => context.parents.iter().map(|p| p.artifacts.len()).sum(),
        Section::Insights => context.insights.len(),
        Section::Inspirations => context.inspirations.len(),
        Section::Cognition => context.cognition.len(),
        Section::Tried => context.tried.len(),
        Section::Lineage => context.lineage.len(),
    }
}

/// Which items are in, by section.
struct Kept([Vec<bool>; SECTIONS.len()]);

impl Kept {
    fn none(full: &Context) -> Self {
        Self(SECTIONS.map(|(section, _, _)| vec![false; count(full, section)]))
    }

    fn has(&self, section: Section, item: usize) -> bool {
        self.0[section as usize][item]
    }

    fn set(&mut self, section: Section, item: usize, kept: bool) {
        self.0[section as usize][item] = kept;
    }

    fn context(&self, full: &Context) -> Context {
        let mut context = full.clone();
        self.keep(Section::Clash, &mut context.clash);
        self.keep(Section::Taken, &mut context.taken);
        self.keep(Section::Insights, &mut context.insights);
        self.keep(Section::Inspirations, &mut context.inspirations);
        self.keep(Section::Cognition, &mut context.cognition);
        self.keep(Section::Tried, &mut context.tried);
        self.keep(Section::Lineage, &mut context.lineage);
        let mut flags = self.0[Section::Artifacts as usize].iter();
        for parent in &mut context.parents {
            parent.artifacts.retain(|_| flags.next().is_none_or(|kept| *kept));
        }
        context
    }

    fn keep<T>(&self, section: Section, items: &mut Vec<T>) {
        let mut flags = self.0[section as usize].iter();
        items.retain(|_| flags.next().is_none_or(|kept| *kept));
    }

    fn left_out(&self) -> Vec<String> {
        SECTIONS
            .iter()
            .filter_map(|(section, _, what)| {
                let flags = &self.0[*section as usize];
                let lost = flags.iter().filter(|kept| !**kept).count();
                (lost > 0).then(|| format!("{lost} of {} {what}", flags.len()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_stand_at_their_own_place() {
        for (i, (section, _, _)) in SECTIONS.iter().enumerate() {
            assert_eq!(*section as usize, i);
        }
    }
}
