//! Priors, hyperpriors and variational inference over expressions.
