//! What can go wrong when a function is built or called.

use bayeux_tensor::ElementType;

/// An error of this crate: all that depends on data, sizes at call time or numbers. A shape that cannot fit when an
/// expression is built is a programming error and panics instead.
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A function was called with the wrong number of inputs.
    #[error("the function has {expected} inputs, {found} were given")]
    InputCount {
        /// How many the function has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A call by name gave no tensor for an input of the function.
    #[error("the input `{0}` was not given")]
    InputNotGiven(String),
    /// A call by name gave two tensors for one input.
    #[error("the input `{0}` was given twice")]
    InputGivenTwice(String),
    /// A call by name gave a tensor for what is no input of the function.
    #[error("{0} was given, which is not an input of the function")]
    ForeignInput(String),
    /// A tensor of the wrong shape was given for an input.
    #[error("input `{name}` has shape {expected}, the tensor given has {found:?}{note}")]
    InputShape {
        /// The input's name.
        name: String,
        /// Its declared shape.
        expected: String,
        /// The tensor's shape.
        found: Vec<usize>,
        /// Which free dimension cannot have the length, and what was known of its symbols.
        note: String,
    },
    /// A tensor of the wrong element type was given for an input.
    #[error("input `{name}` takes {expected}, the tensor given holds {found}")]
    InputType {
        /// The input's name.
        name: String,
        /// Its element type.
        expected: ElementType,
        /// The tensor's element type.
        found: ElementType,
    },
    /// A number that is infinite or undefined, found because the environment variable `BAYEUX_CHECK` is `nan`.
    #[error(
        "instruction {instruction} ({label}) made the first {value}, at element {element} of {len}{origins}"
    )]
    NotFinite {
        /// The position of the instruction in the program.
        instruction: usize,
        /// What it computes.
        label: String,
        /// The number: `NaN`, `inf` or `-inf`.
        value: f64,
        /// Where it stands among the elements of a value that the instruction stores.
        element: usize,
        /// How many these are.
        len: usize,
        /// The names and lines of the user's code that the instruction comes from.
        origins: String,
    },
    /// A free dimension that no input determines.
    #[error("the free dimension `{0}` is not determined by the shape of any input")]
    FreeDimension(String),
    /// A dimension whose value at the sizes of a call is no size.
    #[error("the dimension {dim} {what}{place}")]
    Dimension {
        /// The dimension.
        dim: String,
        /// Its value, or what is wrong with it.
        what: String,
        /// The sizes of its symbols.
        place: String,
    },
    /// Sizes at call time that do not fit together where the symbols could not tell.
    #[error("{op}: {what}")]
    Size {
        /// The op's name.
        op: String,
        /// What does not fit.
        what: String,
    },
    /// A label or index that is not a whole number below its limit.
    #[error("{op}: index {index} at position {position} is not a whole number from 0 to {last}", last = limit - 1)]
    Index {
        /// The op's name.
        op: String,
        /// The offending value.
        index: f64,
        /// Where it stands, counted in row-major order.
        position: usize,
        /// One more than the largest valid index.
        limit: usize,
    },
    /// A parameter of random numbers that has no meaning, such as a negative rate.
    #[error("{op}: {name} {value} at position {position}")]
    Parameter {
        /// The distribution.
        op: String,
        /// What the parameter is called.
        name: &'static str,
        /// The number.
        value: f64,
        /// Where it stands, counted in row-major order of what is drawn.
        position: usize,
    },
    /// A matrix that an operation of linear algebra cannot take: one that is singular, not positive definite, or not finite.
    #[error("{op}: matrix {matrix} of the stack {what}")]
    Matrix {
        /// The op's name.
        op: String,
        /// Which matrix of the stack it is, counted in row-major order of the leading axes.
        matrix: usize,
        /// What is wrong with it, and at which pivot or element.
        what: String,
    },
    /// Something that an expression requires does not hold, see [`Expr::require`](crate::Expr::require).
    #[error("{message}: it does not hold for element {position} of {len}")]
    Required {
        /// What was said when it was required.
        message: String,
        /// The first element for which it does not hold, counted in row-major order.
        position: usize,
        /// How many there are.
        len: usize,
    },
    /// A gradient with respect to something that the cost does not depend on, see [`grad_connected`](crate::grad_connected).
    #[error("the cost does not depend on {0}{1}")]
    Disconnected(String, String),
    /// An expression that a function needs is an input which was not declared as one of its inputs.
    #[error("the input `{0}` is needed by the function but not among its inputs")]
    MissingInput(String),
    /// An operation that [`to_stablehlo`](crate::to_stablehlo) cannot write.
    #[error("{0} has no form in StableHLO")]
    NoStableHlo(String),
    /// A function has no such variable.
    #[error("the function has no variable `{0}`")]
    ForeignVariable(String),
    /// An expression was declared as an input that is none.
    #[error("{0} was declared as an input of the function, but is not one")]
    NotAnInput(String),
    /// One input was declared twice.
    #[error("the input `{0}` was declared more than once")]
    DuplicateInput(String),
    /// One variable was given two updates.
    #[error("the variable `{0}` has more than one update")]
    DuplicateUpdate(String),
    /// An update whose element type or shape is not its variable's.
    #[error("the update of `{name}` is {found}, the variable {expected}")]
    UpdateType {
        /// The variable's name.
        name: String,
        /// Its element type and shape.
        expected: String,
        /// The expression's.
        found: String,
    },
    /// An operation that a file cannot hold, see [`Operations`](crate::Operations).
    #[error("{0} cannot be saved: no name was given to operations of this kind")]
    NotSaved(String),
    /// A file that cannot be read or written, or does not hold what is looked for.
    #[error("{name}: {what}")]
    File {
        /// Its path.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// A call that updates a variable on a thread of a rayon pool, while another call updates it. Calls that update a variable
    /// take turns, but this thread may have interrupted the other call, and then would wait for itself.
    #[error(
        "the variable `{0}` is being updated by another call, for whose end a task of a rayon pool cannot wait; update it by one \
         call after the other, or on threads of your own"
    )]
    Busy(String),
}

impl From<Box<Error>> for Error {
    fn from(error: Box<Error>) -> Self {
        *error
    }
}

/// The message, since `fn main() -> Result<(), Box<dyn Error>>` shows what it is given so.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
