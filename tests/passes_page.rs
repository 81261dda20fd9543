//! docs/passes.md, which shows what each pass of the compiler makes of an ADVI step: written anew with `BAYEUX_BLESS=1`, and
//! compared with what the compiler does otherwise.

#[path = "passes_page/graphs.rs"]
mod graphs;
#[path = "passes_page/programs.rs"]
mod programs;

use std::path::Path;
use std::process::Command;

use bayeux::prelude::*;
use graphs::Graph;
use programs::Program;

fn explain() -> Result<String, bayeux::bayes::Error> {
    // The page begins.
    let model: Model = Model::new();
    let (x, y) = (model.data("x", (batch(), 6)), model.data("y", [batch()]));
    let prior = |name: &str| model.prior(name, |shape: &Shape| Normal::new(0.0, 1.0).shape(shape));
    let logits = Input::new(&x)
        .then(Dense::new(5).weights(prior("w1")).bias(prior("b1")).activation(tanh))
        .then(Dense::new(3).weights(prior("w2")).bias(prior("b2")))
        .output();
    model.observe("label", Categorical::logits(&logits), &y, 100)?;

    let data = [(&x, &Tensor::ones([100, 6])), (&y, &Tensor::zeros([100]))];
    let advi = Advi::mean_field(&model).minibatches(4, data).optimizer(Adam::new(0.01));
    advi.compile()?.explain()
    // The page ends.
}

const THIS: &str = "the_page_shows_what_the_compiler_does";
const CHILD: &str = "PASSES_PAGE_CHILD";

/// What the compiler says of the step without some of its passes: in a process of its own, since the variable that switches them
/// off is read once. Other variables are kept from it.
fn explained(off: &str) -> String {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BAYEUX_")) {
        command.env_remove(name);
    }
    command.args(["--exact", THIS, "--nocapture"]).env(CHILD, "1").env("BAYEUX_PASSES", off);
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What a pass has made, if it has changed anything.
fn after<'a>(explained: &'a str, pass: &str) -> Option<&'a str> {
    let (_, rest) = explained.split_once(&format!("\nafter {pass}\n"))?;
    rest.split("\n\n").next()
}

/// The code of the step, as it stands above.
fn code() -> String {
    let source = include_str!("passes_page.rs").replace("\r\n", "\n");
    let begun = source.split_once("begins.\n").expect("a mark").1;
    let code = begun.split_once("    // The page ends.").expect("a mark").0;
    code.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect()
}

fn page() -> String {
    let usual = explained("");
    let graph = |pass: &str| after(&usual, pass).map(Graph::read);
    let graph = |pass: &str| graph(pass).unwrap_or_else(|| panic!("{pass} has changed nothing"));
    let (traced, simplified, sloped) = (graph("trace"), graph("simplify"), graph("slopes"));
    for pass in ["places", "materialise"] {
        assert!(
            after(&usual, pass).is_none(),
            "{pass} has found something to do: the template says that it has not"
        );
    }

    let program = |off: &str| Program::read(after(&explained(off), "plan").expect("a program"));
    let each = program("-fuse,-sink,-epilogue,-in_place");
    let fused = program("-sink,-epilogue,-in_place");
    let sunk = program("-epilogue,-in_place");
    let behind = program("-in_place");
    let planned = program("");
    let drawn = "normal noise 0, mul, add, mul, mul";

    let parts = [
        ("code", code()),
        ("traced", traced.len().to_string()),
        ("trace", traced.up_to("sum [0, 1]")),
        ("simplified", simplified.len().to_string()),
        ("simplify", simplified.up_to("sum [0, 1]")),
        ("simplify.difference", traced.difference(&simplified, 2)),
        ("slopes.difference", simplified.difference(&sloped, 1)),
        ("fuse", each.first(7) + &each.difference(&fused, &["softplus, normal noise 0"])),
        ("fuse.counts", each.counts(&fused)),
        ("sink", fused.difference(&sunk, &["noise 0"])),
        ("sink.counts", fused.counts(&sunk)),
        (
            "epilogue",
            sunk.difference(&behind, &["matmul", "tanh", "sub, mul, sum [0]", "matmul, normal", drawn]),
        ),
        ("epilogue.counts", sunk.counts(&behind)),
        ("in_place", behind.difference(&planned, &["matmul, normal noise 0"])),
        ("in_place.counts", behind.counts(&planned)),
        ("buffers", planned.buffers().to_string()),
        ("plan", planned.listing()),
    ];
    let template = include_str!("passes_page/template.md").replace("\r\n", "\n");
    let filled = |page: String, (name, part): &(&str, String)| page.replace(&format!("{{{name}}}"), part);
    parts.iter().fold(template, filled)
}

#[test]
fn the_page_shows_what_the_compiler_does() {
    if std::env::var_os(CHILD).is_some() {
        return println!("\n{}", explain().expect("a step"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/passes.md");
    let page = page();
    if std::env::var_os("BAYEUX_BLESS").is_some_and(|value| value == "1") {
        return std::fs::write(&path, page).expect("the page is written");
    }
    let written = std::fs::read_to_string(&path).expect("the page").replace("\r\n", "\n");
    let differ = page.lines().zip(written.lines()).find(|(now, then)| now != then);
    assert!(
        page == written,
        "docs/passes.md is not true any more (BAYEUX_BLESS=1 writes it anew): {differ:?}"
    );
}
