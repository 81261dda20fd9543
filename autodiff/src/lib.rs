//! Symbolic tensor expressions, their gradients, and the compiled tape.
