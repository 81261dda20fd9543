//! Neural-network layers whose parameters are any expression.
