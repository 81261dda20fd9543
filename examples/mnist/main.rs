//! The four Bayesian networks of 2016 on MNIST. So far only their report is here.

#[cfg(test)]
mod report;

fn main() {
    println!("The models of this example are not here yet.");
}
