//! Nets: chains of layers.

use std::fmt;

use bayeux_autodiff::{Expr, Shape, Shared};
use bayeux_tensor::Float;

use crate::layer::{Flow, Layer, NoiseCounter, Scope};
use crate::parameter::{Parameter, tags};

/// A chain of layers, seen from its last one. A clone is cheap, and a net that was continued by [`then`](Net::then)
/// stays what it was, so chains may branch.
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// use bayeux_nets::{Dense, Input, activations::tanh};
///
/// let x = Expr::<f32>::input("x", (batch(), 784));
/// let code = Input::new(&x).then(Dense::new(50).activation(tanh));
/// let back = code.then(Dense::new(784).weights(code.weights().t()));
/// let names: Vec<String> = back.params().iter().map(|p| p.name().to_string()).collect();
/// assert_eq!(names, ["dense1.w", "dense1.b", "dense2.b"]); // the second layer's weights are the first's
/// ```
#[derive(Clone, Debug)]
#[must_use = "a net is not changed but continued by a new one, which has to be kept"]
pub struct Net<T: Float = f32> {
    input: Shape,
    flow: Flow<T>,
    stages: Vec<Stage<T>>,
    seed: u64,
    noise: NoiseCounter,
}

/// A net without layers: where every chain begins.
pub type Input<T = f32> = Net<T>;

#[derive(Clone, Debug)]
struct Stage<T: Float> {
    kind: &'static str,
    name: String,
    shape: Shape,
    parameters: Vec<Parameter<T>>,
}

impl<T: Float> Net<T> {
    /// A net that has no layers yet: its output is `x`.
    pub fn new(x: &Expr<T>) -> Self {
        Net {
            input: x.shape().clone(),
            flow: Flow::new(x),
            stages: Vec::new(),
            seed: 0,
            noise: NoiseCounter::default(),
        }
    }

    /// The same net with another seed, for all layers that come after: their first parameters and their dropout.
    /// Without it the seed is 0.
    pub fn seeded(self, seed: u64) -> Self {
        Net { seed, ..self }
    }

    /// The net with one more layer. A layer without a name of its own gets one of its kind and number: `dense1`.
    ///
    /// # Panics
    /// If the layer cannot take this input, if a parameter given to it has another shape than it needs, or if another
    /// layer of the chain has the same name.
    #[track_caller]
    pub fn then<L: Layer<T>>(&self, layer: L) -> Self {
        let kind = layer.kind();
        let number = 1 + self.stages.iter().filter(|stage| stage.kind == kind).count();
        let name = layer.name().map_or_else(|| format!("{kind}{number}"), str::to_string);
        assert!(
            self.stages.iter().all(|stage| stage.name != name),
            "the net has a layer named `{name}` already"
        );
        let mut scope = Scope::new(name.clone(), self.seed, self.noise.clone());
        let flow = layer.apply(&self.flow, &mut scope);
        let mut stages = self.stages.clone();
        stages.push(Stage { kind, name, shape: flow.shape().clone(), parameters: scope.parameters });
        Net { input: self.input.clone(), flow, stages, seed: self.seed, noise: self.noise.clone() }
    }

    /// The output in training, with dropout.
    #[must_use]
    pub fn output(&self) -> Expr<T> {
        self.flow.training().clone()
    }

    /// The output in prediction, without noise. The same parameters.
    #[must_use]
    pub fn deterministic(&self) -> Expr<T> {
        self.flow.deterministic().clone()
    }

    /// The output's shape.
    pub fn shape(&self) -> &Shape {
        self.flow.shape()
    }

    /// The weights of the last layer: the expression it uses.
    ///
    /// # Panics
    /// If the last layer has no weights.
    #[track_caller]
    #[must_use]
    pub fn weights(&self) -> Expr<T> {
        self.last("w")
    }

    /// The bias of the last layer.
    ///
    /// # Panics
    /// If the last layer has no bias.
    #[track_caller]
    #[must_use]
    pub fn bias(&self) -> Expr<T> {
        self.last("b")
    }

    #[track_caller]
    fn last(&self, role: &str) -> Expr<T> {
        let Some(stage) = self.stages.last() else { panic!("an input has no parameter `{role}`") };
        match stage.parameters.iter().find(|parameter| parameter.role() == role) {
            Some(parameter) => parameter.expression.clone(),
            None => panic!("the layer `{}` has no parameter `{role}`", stage.name),
        }
    }

    /// The parameters of all layers, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter<T>> {
        self.stages.iter().flat_map(|stage| &stage.parameters)
    }

    /// The parameter with a full name, such as `dense1.w`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter<T>> {
        self.parameters().find(|parameter| parameter.name() == name)
    }

    /// What the layers use as parameters, in order.
    #[must_use]
    pub fn parameter_expressions(&self) -> Vec<Expr<T>> {
        self.parameters().map(|parameter| parameter.expression.clone()).collect()
    }

    /// Those of [`parameter_expressions`](Net::parameter_expressions) that bear a tag, one of [`tags`].
    #[must_use]
    pub fn parameter_expressions_tagged(&self, tag: &str) -> Vec<Expr<T>> {
        self.parameters().filter(|parameter| parameter.has_tag(tag)).map(|p| p.expression.clone()).collect()
    }

    /// The variables inside the parameters' expressions: each once, in the order in which they occur.
    #[must_use]
    pub fn params(&self) -> Vec<Shared<T>> {
        Expr::shareds(&self.parameter_expressions())
    }

    /// The variables inside those parameters that bear a tag, and those that bear it themselves.
    #[must_use]
    pub fn params_tagged(&self, tag: &str) -> Vec<Shared<T>> {
        let inside = Expr::shareds(&self.parameter_expressions_tagged(tag));
        self.params()
            .into_iter()
            .filter(|variable| variable.has_tag(tag) || inside.contains(variable))
            .collect()
    }

    /// The variables an optimiser may change: those of all layers that are not
    /// [`frozen`](crate::Dense::frozen).
    #[must_use]
    pub fn trainable(&self) -> Vec<Shared<T>> {
        self.params_tagged(tags::TRAINABLE)
    }

    /// How many numbers the net's variables hold, each variable counted once.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.params().iter().map(|variable| variable.shape().iter().product::<usize>()).sum()
    }
}

/// A table: each layer's name, its output's shape, its parameters with theirs.
impl<T: Float> fmt::Display for Net<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![["input".into(), self.input.to_string(), String::new()]];
        for stage in &self.stages {
            let parameters =
                stage.parameters.iter().map(|p| format!("{} {}", p.name(), p.expression.shape()));
            rows.push([
                stage.name.clone(),
                stage.shape.to_string(),
                parameters.collect::<Vec<_>>().join(", "),
            ]);
        }
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (names, shapes) = (width(0), width(1));
        for [name, shape, parameters] in &rows {
            writeln!(f, "{}", format!("{name:names$}  {shape:shapes$}  {parameters}").trim_end())?;
        }
        write!(f, "{} numbers in {} variables", self.parameter_count(), self.params().len())
    }
}
