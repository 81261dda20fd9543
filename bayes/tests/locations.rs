//! A panic points at the line that gave a distribution its parameters, not into the crate. One test in a file of its own: the
//! hook is the whole program's.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Mutex;

use bayeux_bayes::{
    Bernoulli, Categorical, Exponential, Gamma, HalfCauchy, HalfNormal, Laplace, LogNormal, Normal, Uniform,
};
use bayeux_tensor::Tensor;

static SEEN: Mutex<Vec<(String, u32)>> = Mutex::new(Vec::new());

#[test]
fn panics_point_at_the_user() {
    let row = Tensor::from_slice(&[0.5f32, 0.25]);
    let first = line!() + 2;
    let mistakes: [fn(&Tensor<f32>); 14] = [
        |_| drop(Normal::<f32>::new(f64::NAN, 1.0)),
        |_| drop(Normal::<f32>::new(0.0, -1.0)),
        |_| drop(Laplace::<f32>::new(0.0, 0.0)),
        |_| drop(HalfNormal::<f32>::new(0.0)),
        |_| drop(HalfCauchy::<f32>::new(-1.0)),
        |_| drop(LogNormal::<f32>::new(0.0, 0.0)),
        |_| drop(Gamma::<f32>::new(-0.5, 1.0)),
        |_| drop(Exponential::<f32>::new(-0.5)),
        |_| drop(Uniform::<f32>::new(1.0, 0.0)),
        |_| drop(Uniform::<f32>::new(0.0, f64::INFINITY)),
        |_| drop(Bernoulli::<f32>::probabilities(1.5)),
        |_| drop(Bernoulli::<f32>::logits(f64::NAN)),
        |row| drop(Categorical::probabilities(row.clone())),
        |row| drop(Normal::new(row.clone(), 1.0).shape([3])),
    ];
    let hook = take_hook();
    set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            SEEN.lock().unwrap().push((place.file().into(), place.line()));
        }
    }));
    let panicked = mistakes.map(|mistake| catch_unwind(AssertUnwindSafe(|| mistake(&row))).is_err());
    set_hook(hook);
    assert_eq!(panicked, [true; 14]);
    let expected: Vec<(String, u32)> = (0..14).map(|i| (file!().into(), first + i)).collect();
    assert_eq!(*SEEN.lock().unwrap(), expected);
}
