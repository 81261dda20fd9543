//! Environment variables that change how programs are made and run, each in a process of its own.

use std::process::{Command, Output};

use bayeux_autodiff::optimizers::{Optimizer, Sgd};
use bayeux_autodiff::{Conv2dOptions, Expr, Function, Pool2dOptions, Shared, grad};
use bayeux_tensor::{Float, Tensor};

/// Prints the bits of a training step's results in both precisions, and the number of instructions.
#[test]
#[ignore = "it is run by the tests below, in other processes"]
fn child() {
    fn step<T: Float>() {
        let w = Shared::new(
            "w",
            Tensor::<T>::from_fn([3, 4], |i| T::from_f64((i[0] * 4 + i[1]) as f64 * 0.1 - 0.5)),
        );
        let x = Expr::<T>::input("x", [5, 3]);
        let y = x.matmul(&w.expr()).tanh();
        let cost = ((1.0 + y.exp()).ln() * y.square()).sum_all().named("cost");
        let slope = grad(&cost, &[w.expr()]).remove(0);
        let mut f = Function::builder()
            .inputs([&x])
            .outputs([&cost])
            .updates([(&w, w.expr() - slope * 0.1)])
            .exclusive()
            .build()
            .expect("fits");
        let at = Tensor::from_fn([5, 3], |i| T::from_f64((i[0] * 3 + i[1]) as f64 * 0.3 - 2.0));
        for _ in 0..3 {
            f.run(&[&at]).expect("runs");
        }
        let bits: Vec<String> =
            w.get().iter().chain([f.output(0).item()]).map(|x| format!("{:x}", x.bits())).collect();
        println!("values: {}", bits.join(" "));
        let about = w.get().iter().map(|x| format!("{:.5}", x.to_f64())).collect::<Vec<_>>();
        println!("about: {}", about.join(" "));
        println!("instructions: {}", f.to_string().lines().filter(|line| line.contains("<-")).count());
    }
    step::<f32>();
    step::<f64>();
    println!("listing: {}", network().to_string().replace('\n', " / "));
    let x = Expr::<f64>::input("x", [3]);
    let y = (&x - 1.0).ln().named("y"); // the line that is named
    let f = Function::new([&x], [(y * 2.0).sum_all()]).expect("fits");
    match f.call(&[&Tensor::from_slice(&[2.0, 0.5, 3.0])]) {
        Ok(values) => println!("call: {}", values[0].item()),
        Err(error) => println!("call: {error}"),
    }
}

/// A training step in which each pass has something to do.
fn network() -> Function<f32> {
    let w =
        Shared::new("w", Tensor::<f32>::from_fn([2, 1, 3, 3], |i| (i[0] * 9 + i[2] * 3 + i[3]) as f32 * 0.1));
    let v = Shared::new("v", Tensor::<f32>::from_fn([18, 2], |i| (i[0] * 2 + i[1]) as f32 * 0.01));
    let scale = Expr::<f32>::input("scale", [2, 1, 1]);
    let x = Expr::<f32>::input("x", [4, 1, 8, 8]);
    let images = x.conv2d(&w.expr(), Conv2dOptions::default());
    let pooled = ((images + 1.0).tanh() * scale.exp()).max_pool2d(Pool2dOptions::new([2, 2]));
    let y = pooled.reshape([4, 18]).matmul(&v.expr()).sigmoid();
    let cost = (y.square().sum_all() + w.expr().square().sum_all() * 0.5).ln();
    let updates = Sgd::new(0.1).updates_for(&cost, &[w, v]);
    let f = Function::builder().inputs([&x, &scale]).outputs([&cost]).updates(updates).exclusive();
    let mut f = f.build().expect("fits");
    f.run(&[&Tensor::ones([4, 1, 8, 8]), &Tensor::ones([2, 1, 1])]).expect("runs");
    f
}

fn run(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("it runs"));
    for variable in ["BAYEUX_PASSES", "BAYEUX_JIT", "BAYEUX_SIMD", "BAYEUX_CHECK", "BAYEUX_EXPLAIN"] {
        command.env_remove(variable);
    }
    command.args(["--ignored", "--exact", "--nocapture", "switches::child"]);
    command.envs(variables.iter().copied()).output().expect("it starts")
}

/// The lines that a child has printed after a word.
#[track_caller]
fn lines(output: &Output, word: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<String> =
        text.lines().filter_map(|line| Some(line.split_once(word)?.1.trim().to_string())).collect();
    assert!(!lines.is_empty(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    lines
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "there are no processes")]
fn machine_code_and_instruction_sets_give_the_same_bits() {
    let usual = lines(&run(&[]), "values:");
    for variable in [("BAYEUX_JIT", "0"), ("BAYEUX_SIMD", "portable")] {
        assert_eq!(lines(&run(&[variable]), "values:"), usual, "{variable:?}");
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "there are no processes")]
fn passes_are_switched_off_by_name() {
    let usual = run(&[]);
    let instructions = |output: &Output| -> usize {
        lines(output, "instructions:").iter().map(|count| count.parse::<usize>().expect("a number")).sum()
    };
    for pass in ["simplify", "slopes", "places", "fuse", "sink", "epilogue", "in_place"] {
        let without = run(&[("BAYEUX_PASSES", &format!("-{pass}"))]);
        assert_ne!(lines(&without, "listing:"), lines(&usual, "listing:"), "-{pass} does nothing");
    }
    for passes in ["-fuse", "-simplify", "-epilogue,-sink", "-simplify,-slopes,-places,-fuse,-in_place"] {
        let without = run(&[("BAYEUX_PASSES", passes)]);
        assert_ne!(lines(&without, "listing:"), lines(&usual, "listing:"), "{passes} does nothing");
        assert_eq!(lines(&without, "about:"), lines(&usual, "about:"), "{passes}");
        if passes.contains("fuse") || passes.contains("epilogue") {
            assert!(instructions(&without) > instructions(&usual), "{passes}");
        }
    }
    let unknown = run(&[("BAYEUX_PASSES", "-sinks")]);
    let text = String::from_utf8_lossy(&unknown.stdout) + String::from_utf8_lossy(&unknown.stderr);
    assert!(text.contains("BAYEUX_PASSES: `-sinks`: expected a minus and one of simplify, slopes"), "{text}");
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "there are no processes")]
fn the_first_number_that_is_none_is_found() {
    assert_eq!(lines(&run(&[]), "call:"), ["NaN"]);
    let found = lines(&run(&[("BAYEUX_CHECK", "nan")]), "call:").remove(0);
    assert!(found.contains("made the first NaN"), "{found}");
    let line = include_str!("switches.rs").lines().position(|line| line.contains("the line that is named"));
    assert!(found.contains(&format!("`y` ({}:{}", file!(), line.expect("it is there") + 1)), "{found}");
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "there are no processes")]
fn what_the_compiler_does_is_written_down() {
    let folder = std::env::temp_dir().join(format!("bayeux-explain-{}", std::process::id()));
    let output = run(&[("BAYEUX_EXPLAIN", folder.to_str().expect("a plain path"))]);
    lines(&output, "values:");
    let pages: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder is made")
        .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("a page"))
        .collect();
    std::fs::remove_dir_all(&folder).expect("it is there");
    assert_eq!(pages.len(), 4);
    let step = pages.iter().find(|page| page.contains("f64[5, 3]")).expect("the step");
    for part in [
        "expressions\n",
        "stable forms: ",
        "`cost` = ",
        "after trace\n",
        "after simplify\nrules: ",
        " × ",
        "over f64[",
        "after plan\n",
        "# cost",
        "switches.rs:",
    ] {
        assert!(step.contains(part), "{part:?} is not in\n{step}");
    }
}
