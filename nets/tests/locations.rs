//! A panic points at the line that put the net together, not into the crate. One test in a file of its own: the hook is the
//! whole program's.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Mutex;

use bayeux_autodiff::{Expr, batch};
use bayeux_nets::{Conv2d, Dense, Input, MaxPool2d, Net, Reshape};
use bayeux_tensor::Tensor;

static SEEN: Mutex<Vec<(String, u32)>> = Mutex::new(Vec::new());

#[test]
fn panics_point_at_the_user() {
    let x = Input::new(&Expr::<f32>::input("x", (batch(), 2, 4, 4)));
    let first = line!() + 2;
    let mistakes: [fn(&Net); 5] = [
        |x| drop(x.then(Dense::new(3).weights(Tensor::ones([3, 3])))),
        |x| drop(x.then(Dense::new(3).bias(Tensor::ones([4])))),
        |x| drop(x.then(Conv2d::new(3, [5, 5]))),
        |x| drop(x.then(MaxPool2d::new([2, 2]).padding(2))),
        |x| drop(x.then(Reshape::new([3]))),
    ];
    let hook = take_hook();
    set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            SEEN.lock().unwrap().push((place.file().into(), place.line()));
        }
    }));
    let panicked = mistakes.map(|mistake| catch_unwind(AssertUnwindSafe(|| mistake(&x))).is_err());
    set_hook(hook);
    assert_eq!(panicked, [true; 5]);
    let expected: Vec<(String, u32)> = (0..5).map(|i| (file!().into(), first + i)).collect();
    assert_eq!(*SEEN.lock().unwrap(), expected);
}
