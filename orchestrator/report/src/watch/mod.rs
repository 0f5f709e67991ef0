//! The dashboard of a run in a terminal.
//!
//! [`View`] is what there is to see: a pure function of the facts, the newest events and the
//! time. [`Screen`] is what the person made of it: what is selected, open or asked. [`draw()`]
//! makes a frame of both and knows nothing else, so a test can look at it. [`Live`] follows a
//! run's journal, and [`run`] is the loop that has the terminal.
//!
//! Foreign text (names, summaries, logs, programs) is made printable before it is put into a
//! cell: a candidate cannot drive the terminal.

mod ascii;
mod curve;
mod draw;
mod fold;
mod line;
mod live;
mod notice;
mod screen;
mod terminal;
mod view;

pub use draw::{Look, draw};
pub use line::line;
pub use live::Live;
pub use notice::{Notice, Tail, Weight};
pub use screen::{Action, Panel, Screen, Steer};
pub use terminal::{Left, Steering, WatchError, run};
pub use view::{Job, Row, View, Work};
