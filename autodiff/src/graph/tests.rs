use bayeux_tensor::{AnyTensor, Tensor};

use super::*;
use crate::{Function, RandomStreams, batch, checkpoint, cond, custom_gradient, grad, interpret, scan};

fn through(graph: &Graph) -> Graph {
    let operations = Operations::new();
    Graph::from_bytes(&graph.to_bytes(&operations).unwrap(), &operations).unwrap()
}

/// The values of the outputs, by a compiled function that has been called before.
fn values(graph: &Graph, given: &[AnyTensor]) -> Vec<AnyTensor> {
    let outputs: Vec<AnyExpr> = graph.roots();
    let f = Function::<Untyped>::builder().inputs(graph.inputs()).outputs(&outputs).build().unwrap();
    let given: Vec<&AnyTensor> = given.iter().collect();
    f.call(&given).unwrap();
    f.call(&given).unwrap()
}

/// All that a file has to describe: free sizes, a variable, noise, makers of noise, a loop, a branch, lambdas with and without a rule.
fn everything() -> Graph {
    let x = Expr::<f64>::input("x", (batch(), 3));
    let w = Shared::new("w", Tensor::from_slice(&[0.5, -1.0, 2.0])).tagged("trainable").tagged("weight");
    let random = RandomStreams::new(7);
    let noise = [RandomStreams::apart(7), RandomStreams::apart(7)].map(|streams| streams.normal::<f64>([3]));
    let rows = (&x + random.uniform((batch(), 3)) + &noise[0] * &noise[1]) * &w.expr();
    let (last, all) = scan(
        |state: &Expr<f64>, row| {
            let next = (state + row[0].sum_all() + random.normal::<f64>(())).tanh();
            (next.clone(), next * 2.0)
        },
        Expr::scalar(0.1),
        &[rows],
    );
    let branch = cond(&last.gt(&last.zeros_like()), || last.square(), || -&last * 3.0);
    let inner = checkpoint(|x: &[Expr<f64>]| x[0].exp(), std::slice::from_ref(&all));
    let bound = &w.expr() * 2.0;
    let own = custom_gradient(
        |x: &[Expr<f64>]| x[0].floor(),
        move |g, _, _| vec![g * bound.sum_all()],
        &[inner.sum_all() * 10.0],
    );
    let cost = (branch + own).named("cost");
    let slopes = grad(&cost, &[x.clone(), w.expr()]);
    let length = Expr::<f64>::size((batch() + 1).div_floor(2) * batch());
    Graph::new()
        .input(&x)
        .output("cost", &cost)
        .output("by x", &slopes[0])
        .output("by w", &slopes[1])
        .output("all", &all)
        .output("length", &length)
}

#[test]
fn all_kinds_of_nodes_come_back() {
    let (graph, same) = (everything(), through(&everything()));
    for n in [1, 4] {
        let x = AnyTensor::from(Tensor::from_fn([n, 3], |i| (i[0] + 2 * i[1]) as f64 / 7.0));
        assert_eq!(values(&graph, std::slice::from_ref(&x)), values(&same, &[x]));
    }
    let w = same.variable::<f64>("w").unwrap();
    assert_eq!(w.tags(), ["trainable", "weight"]);
    assert_eq!(same.outputs()[0].1.name(), Some("cost"));
    assert_eq!(same.inputs()[0].to_string(), "x");
    // A variable of its own.
    w.set(Tensor::zeros([3]));
    assert_eq!(graph.variable::<f64>("w").unwrap().get().to_vec(), [0.5, -1.0, 2.0]);
}

/// A file that was written once is read for ever: no test writes it anew.
#[test]
fn a_file_of_version_1_is_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/graph/version-1.safetensors");
    let graph = everything();
    let x = AnyTensor::from(Tensor::from_fn([4, 3], |i| (i[0] + 2 * i[1]) as f64 / 7.0));
    let old = values(&Graph::load(path).unwrap(), std::slice::from_ref(&x));
    for (old, new) in old.iter().zip(values(&graph, &[x])) {
        let (old, new) = (old.cast::<f64>().to_vec(), new.cast::<f64>().to_vec());
        assert!(
            old.iter().zip(&new).all(|(old, new)| (old - new).abs() <= 1e-12 * new.abs()),
            "{old:?} {new:?}"
        );
    }
}

#[test]
fn the_same_graph_is_the_same_file() {
    let graph = everything();
    let bytes = graph.to_bytes(&Operations::new()).unwrap();
    assert!(bytes == graph.to_bytes(&Operations::new()).unwrap());
    assert!(bytes == through(&graph).to_bytes(&Operations::new()).unwrap());
}

/// x, and ⌊x⌋ with a rule that is said.
fn floored(x: &Expr<f64>, rule: impl Fn(&Expr<f64>) -> Expr<f64> + Send + Sync + 'static) -> Expr<f64> {
    custom_gradient(|x| x[0].floor(), move |g, _, _| vec![rule(g)], std::slice::from_ref(x))
}

#[test]
fn each_custom_gradient_has_its_own_rule() {
    let x = Expr::<f64>::input("x", ());
    let factors = 2..40;
    let graph = factors.clone().fold(Graph::new().input(&x), |graph, factor| {
        let y = floored(&x, move |g| checkpoint(|g| &g[0] * f64::from(factor), std::slice::from_ref(g)));
        graph.output("y", &y)
    });
    let same = through(&graph);
    for ((_, y), factor) in same.outputs().iter().zip(factors) {
        let slope = grad(&y.typed::<f64>(), &[same.inputs()[0].typed()]).remove(0);
        let found = interpret(&[slope], &[(&same.inputs()[0].typed(), &Tensor::scalar(1.5))], 0).unwrap();
        assert_eq!(found[0].item(), f64::from(factor));
    }
}

#[test]
fn what_a_rule_captures_is_the_graphs() {
    let x = Expr::<f64>::input("x", ());
    let w = Shared::new("w", Tensor::from_slice(&[1.0, 2.0]));
    let sum = w.expr().sum_all();
    let cost = floored(&x, move |g| g * &sum) + w.expr().sum_all();
    let same = through(&Graph::new().input(&x).output("cost", &cost));
    assert_eq!(same.variables().len(), 1);
    same.variable::<f64>("w").unwrap().set(Tensor::from_slice(&[3.0, 4.0]));
    let slope = grad(&same.get::<f64>("cost").unwrap(), &[same.inputs()[0].typed()]).remove(0);
    let found = interpret(&[slope], &[(&same.inputs()[0].typed(), &Tensor::scalar(1.5))], 0).unwrap();
    assert_eq!(found[0].item(), 7.0);

    // Noise of makers that nothing else names, and inputs that the graph has not.
    let noise = [RandomStreams::apart(7), RandomStreams::apart(7)].map(|streams| streams.normal::<f64>(()));
    let [first, second] = noise.clone();
    let cost = floored(&x, move |g| g * &second) + first;
    let graph = Graph::new().input(&x).output("cost", &cost);
    let slopes = |graph: &Graph| {
        let (x, cost) = (graph.inputs()[0].typed(), graph.get::<f64>("cost").unwrap());
        let outputs = [cost.clone(), grad(&cost, std::slice::from_ref(&x)).remove(0)];
        let values = interpret(&outputs, &[(&x, &Tensor::scalar(1.5))], 3).unwrap();
        values.iter().map(Tensor::item).collect::<Vec<f64>>()
    };
    assert_eq!(slopes(&graph), slopes(&through(&graph)));

    let y = Expr::<f64>::input("y", ());
    let cost = floored(&x, move |g| g * &y);
    let missing = Graph::new().input(&x).output("cost", &cost).to_bytes(&Operations::new());
    assert_eq!(missing, Err(Error::MissingInput("y".into())));
}

#[test]
fn what_is_shared_stays_shared() {
    let x = Expr::<f32>::input("x", [2]);
    let (a, b) = (x.tanh(), x.tanh());
    let same = through(&Graph::new().input(&x).output("a", &(&a * &a)).output("b", &(&b * &a)));
    let [(_, first), (_, second)] = same.outputs() else { panic!("two outputs") };
    assert_eq!(first.inputs()[0].key(), first.inputs()[1].key());
    assert_eq!(first.inputs()[0].key(), second.inputs()[1].key());
    assert_ne!(first.inputs()[0].key(), second.inputs()[0].key());
}

#[test]
fn numbers_that_json_has_not_come_back() {
    let numbers = [f64::NAN, f64::INFINITY, -0.0, f64::MIN_POSITIVE / 4.0, 1.0 / 3.0];
    let x = Expr::<f64>::constant(Tensor::from_slice(&numbers));
    let graph = numbers.iter().fold(Graph::new().output("x", &x), |graph, number| {
        graph.output("number", &Expr::<f64>::scalar(*number))
    });
    let bits = |graph: &Graph| -> Vec<Vec<u64>> {
        let values = interpret(&graph.roots(), &[], 0).unwrap();
        values.iter().map(|value| value.bits().collect()).collect()
    };
    assert_eq!(bits(&graph), bits(&through(&graph)));
}

/// A small file, by its bytes.
fn small() -> Vec<u8> {
    let x = Expr::<f32>::input("x", (batch(), 2));
    let y = x.matmul(&Expr::constant(Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]))).tanh().sum(1);
    Graph::new().input(&x).output("y", &y).to_bytes(&Operations::new()).unwrap()
}

#[test]
fn damage_is_refused() {
    let (whole, operations) = (small(), Operations::new());
    let graph = |bytes: &[u8]| Graph::from_bytes(bytes, &operations);
    for length in 0..whole.len() {
        assert!(graph(&whole[..length]).is_err(), "the first {length} bytes");
    }
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            let same = graph(&bytes).is_ok_and(|graph| graph.to_bytes(&operations).unwrap() == whole);
            assert!(graph(&bytes).is_err() || same, "byte {place}, bit {bit}");
        }
    }
}

/// What is said of a file whose graph, as JSON, is another.
fn refusal(from: &str, to: &str) -> String {
    let (record, tensors): (serde_json::Value, _) = file::read(&small()).unwrap();
    let text = record.to_string();
    assert!(text.contains(from), "{text}");
    let record: serde_json::Value = serde_json::from_str(&text.replacen(from, to, 1)).unwrap();
    let bytes = file::write(&record, &tensors).unwrap();
    Graph::from_bytes(&bytes, &Operations::new()).unwrap_err().to_string()
}

#[test]
fn what_does_not_fit_is_named() {
    for (from, to, wanted) in [
        (r#""Tanh""#, r#""Tanhh""#, "node 3, `unary`: unknown variant `Tanhh`"),
        (r#""matmul""#, r#""matmull""#, "node 2, `matmull`: there is no operation `matmull`"),
        (r#""inputs":[[0,0],[1,0]]"#, r#""inputs":[[0,0],[7,0]]"#, "reads what is not there yet"),
        (r#""inputs":[[0,0],[1,0]]"#, r#""inputs":[[0,0],[1,1]]"#, "reads what is not there yet"),
        (r#""inputs":[0]"#, r#""inputs":[1]"#, "node 1 is no input"),
        (r#"{"tensor":0}"#, r#"{"tensor":1}"#, "there is no such tensor"),
        (r#""shape":[2,2]"#, r#""shape":[2,3]"#, "has values of type [f32[2, 2]], not [f32[2, 3]]"),
    ] {
        let found = refusal(from, to);
        assert!(found.contains(wanted), "{found}");
    }
}

#[test]
fn a_later_version_is_refused() {
    let (mut bytes, version) = (small(), br#"\"version\":1"#);
    let place = bytes.windows(version.len()).position(|part| part == version).unwrap();
    bytes[place + version.len() - 1] = b'2';
    let found = Graph::from_bytes(&bytes, &Operations::new()).unwrap_err().to_string();
    assert!(found.contains("is of version 2; this program reads up to 1"), "{found}");
}

#[test]
fn a_file_is_named_when_it_cannot_be_read() {
    let path = std::env::temp_dir().join(format!("bayeux-graph-{}", std::process::id()));
    let name = path.display().to_string();
    let missing = Graph::load(&path).unwrap_err().to_string();
    assert!(missing.starts_with(&name), "{missing}");
    std::fs::write(&path, b"nonsense").unwrap();
    let damaged = Graph::load(&path).unwrap_err().to_string();
    assert!(damaged.starts_with(&name) && damaged.contains("is no file of a graph, or damaged"), "{damaged}");
    everything().save(&path).unwrap();
    assert_eq!(Graph::load(&path).unwrap().outputs().len(), 5);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn what_is_not_there_is_named() {
    let graph = everything();
    let of = |error: Error| error.to_string();
    assert!(
        of(graph.get::<f64>("costs").unwrap_err()).contains(r#"no output `costs` among ["cost", "by x""#)
    );
    assert!(of(graph.get::<f32>("cost").unwrap_err()).contains("the output `cost` is f64[]"));
    assert!(of(graph.variable::<f64>("v").unwrap_err()).contains(r#"no variable `v` among ["w"]"#));
    let x = Expr::<f32>::input("x", [2]);
    let missing = Graph::new().output("y", &x.exp()).to_bytes(&Operations::new());
    assert_eq!(missing, Err(Error::MissingInput("x".into())));
}
