//! The page around the sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Report, sections};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub fn render(report: &Report) -> Markup {
    let title =
        format!("A Bayesian network on {}: {} prior, {} model", report.dataset, report.prior, report.model);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header {
                        h1 { (title) }
                        p.how {
                            "Variational inference with bayeux: each weight has a posterior distribution, "
                            "and each prediction averages over draws from it."
                        }
                    }
                    section id="figures" aria-label="Figures of the run" { (sections::figures(report)) }
                    (sections::elbo(report))
                    (sections::scales(report))
                    (sections::reliability(report))
                    (sections::uncertainty(report))
                    (sections::filters(report))
                    (sections::digits(report))
                }
            }
        }
    }
}
