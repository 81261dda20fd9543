//! bayeux.
