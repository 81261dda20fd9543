//! Sums of products over named axes, as matrix products.

mod path;
mod subscripts;

use std::collections::BTreeMap;

use crate::expr::refusal::{ensure, refuse_all};
use crate::{AnyExpr, Dim, Expr, Real, Shape};

use subscripts::{Label, Subscripts};

/// A factor that is left: a value, and the name of each of its axes, no two of which are the same.
#[derive(Clone, Debug)]
struct Term {
    labels: Vec<Label>,
    value: AnyExpr,
}

impl Term {
    /// With the axes in another order.
    #[track_caller]
    fn ordered(&self, labels: impl IntoIterator<Item = Label>) -> AnyExpr {
        let place = |label: Label| self.labels.iter().position(|&other| other == label);
        let order: Vec<usize> = labels.into_iter().filter_map(place).collect();
        match order.is_sorted() {
            true => self.value.clone(),
            false => self.value.transpose(&order),
        }
    }

    /// Without the axes that nobody asks for, summed.
    #[track_caller]
    fn summed(self, wanted: impl Fn(&Label) -> bool) -> Term {
        let axes: Vec<usize> = (0..self.labels.len()).filter(|&axis| !wanted(&self.labels[axis])).collect();
        Term {
            value: self.value.sum(axes.as_slice()),
            labels: self.labels.into_iter().filter(|label| wanted(label)).collect(),
        }
    }

    /// An operand: an axis of length 1 where others are longer is left out, since a product repeats it, and of axes of one name
    /// the diagonal is taken.
    #[track_caller]
    fn of(operand: &AnyExpr, labels: &[Label], sizes: &BTreeMap<Label, Dim>) -> Term {
        let repeated = |&axis: &usize| operand.dim(axis).is_one() && !sizes[&labels[axis]].is_one();
        let axes: Vec<usize> = (0..labels.len()).filter(repeated).collect();
        let mut value = operand.reshape(operand.shape().without(&axes));
        let mut labels: Vec<Label> =
            (0..labels.len()).filter(|axis| !axes.contains(axis)).map(|axis| labels[axis]).collect();
        let twice = |labels: &[Label]| {
            let pairs = (0..labels.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
            pairs.into_iter().find(|&(a, b)| labels[a] == labels[b])
        };
        while let Some((a, b)) = twice(&labels) {
            let others = (0..labels.len()).filter(|&axis| axis != a && axis != b);
            let order: Vec<usize> = others.chain([a, b]).collect();
            value = super::diagonal(&value.transpose(&order));
            labels = order[..order.len() - 1].iter().map(|&axis| labels[axis]).collect();
        }
        Term { labels, value }
    }
}

/// The product of two factors, summed over the axes that nobody else asks for.
#[track_caller]
fn contracted(a: &Term, b: &Term, wanted: impl Fn(&Label) -> bool, sizes: &BTreeMap<Label, Dim>) -> Term {
    let of_both = |label: &&Label| b.labels.contains(*label);
    let select = |labels: &[Label], keep: &dyn Fn(&Label) -> bool| -> Vec<Label> {
        labels.iter().filter(|label| keep(label)).copied().collect()
    };
    let both = |label: &Label| of_both(&label);
    let stack = select(&a.labels, &|label| both(label) && wanted(label));
    let inner = select(&a.labels, &|label| both(label) && !wanted(label));
    let left = select(&a.labels, &|label| !both(label));
    let right = select(&b.labels, &|label| !a.labels.contains(label));
    let order = |parts: [&[Label]; 3]| parts.concat();
    let shape = |labels: &[Label]| labels.iter().map(|label| sizes[label].clone()).collect::<Vec<Dim>>();
    let size = |labels: &[Label]| labels.iter().map(|label| &sizes[label]).product::<Dim>();
    let labels = order([&stack, &left, &right]);
    let (x, y) = (a.ordered(order([&stack, &left, &inner])), b.ordered(order([&stack, &inner, &right])));
    let stacked = |last: Vec<Dim>| [shape(&stack), last].concat();
    let value = if inner.is_empty() {
        let ones = |labels: &[Label]| vec![Dim::from(1); labels.len()];
        x.reshape(stacked([shape(&left), ones(&right)].concat()))
            * y.reshape(stacked([ones(&left), shape(&right)].concat()))
    } else {
        let x = x.reshape(stacked(vec![size(&left), size(&inner)]));
        let y = y.reshape(stacked(vec![size(&inner), size(&right)]));
        x.matmul(&y).reshape(Shape::from(shape(&labels)))
    };
    Term { labels, value }
}

/// The sum of products that subscripts say.
#[track_caller]
fn contract(subscripts: &Subscripts, operands: &[AnyExpr], sizes: &BTreeMap<Label, Dim>) -> AnyExpr {
    let mut terms: Vec<Term> = Vec::new();
    for (operand, labels) in operands.iter().zip(&subscripts.inputs) {
        terms.push(Term::of(operand, labels, sizes));
    }
    let wanted_by = |label: &Label, others: &[Term]| {
        subscripts.output.contains(label) || others.iter().any(|term| term.labels.contains(label))
    };
    let mut left: Vec<Term> = Vec::new();
    for (i, term) in terms.iter().enumerate() {
        let others = [&terms[..i], &terms[i + 1..]].concat();
        left.push(term.clone().summed(|label| wanted_by(label, &others)));
    }
    let labels: Vec<Vec<Label>> = left.iter().map(|term| term.labels.clone()).collect();
    for (a, b) in path::best(labels, &subscripts.output, sizes) {
        let (second, first) = (left.remove(b), left.remove(a));
        let product = contracted(&first, &second, |label| wanted_by(label, &left), sizes);
        left.push(product);
    }
    let last = left.remove(0).summed(|label| subscripts.output.contains(label));
    last.ordered(subscripts.output.iter().copied())
}

impl<T: Real> Expr<T> {
    /// The sum of products that subscripts say, as in NumPy: each axis of each operand has a letter, and the output is summed over the
    /// letters that it does not have. A letter twice in one operand takes a diagonal; `...` stands for any leading axes, which
    /// broadcast; without `->`, the output has the letters that occur once, in alphabetical order.
    ///
    /// ```
    /// use bayeux_autodiff::{Dim, Expr, batch};
    /// let [h, d, n] = Dim::symbols(["head", "depth", "n"]);
    /// let queries = Expr::<f32>::input("q", (batch(), n.clone(), h.clone(), d.clone()));
    /// let keys = Expr::<f32>::input("k", (batch(), n, h, d));
    /// let scores = Expr::einsum("bqhd,bkhd->bhqk", &[&queries, &keys]);
    /// assert_eq!(scores.shape().to_string(), "[batch, head, n, n]");
    /// ```
    ///
    /// Products of two are matrix products wherever they sum. Of more than two operands, the order costs least that multiplies least
    /// in all: up to four are tried in every order, of more the pair that shrinks most is multiplied first (free dimensions count as
    /// 64).
    ///
    /// # Panics
    /// If the subscripts are not of this form, or do not fit the operands.
    #[track_caller]
    #[must_use]
    pub fn einsum(subscripts: &str, operands: &[&Expr<T>]) -> Self {
        let operands: Vec<AnyExpr> = operands.iter().map(|operand| operand.untyped()).collect();
        let shapes: Vec<&Shape> = operands.iter().map(AnyExpr::shape).collect();
        let given = subscripts;
        let fitting =
            Subscripts::parse(given, &shapes).and_then(|of| of.sizes(&shapes).map(|sizes| (of, sizes)));
        match fitting {
            Ok((subscripts, sizes)) => contract(&subscripts, &operands, &sizes).typed(),
            Err(why) => {
                refuse_all(format_args!("einsum: {why}, in \"{given}\" of shapes {shapes:?}"), &operands)
            }
        }
    }

    /// The sum of products of elements of two arrays over pairs of axes, the first one's own and the other's: the result has the
    /// axes that are left, this one's first. Without pairs, it has all products.
    ///
    /// ```
    /// use bayeux_autodiff::Expr;
    /// let a = Expr::<f32>::zeros([2, 3, 4]);
    /// assert_eq!(a.tensordot(&Expr::zeros([4, 5, 3]), &[(1, 2), (2, 0)]).shape().to_string(), "[2, 5]");
    /// ```
    ///
    /// # Panics
    /// If there are no such axes, if one is named twice, or if two of a pair differ in length.
    #[track_caller]
    #[must_use]
    pub fn tensordot(&self, other: &Expr<T>, axes: &[(usize, usize)]) -> Self {
        let (a, b) = (self.untyped(), other.untyped());
        for (i, &(own, others)) in axes.iter().enumerate() {
            let fits = own < a.rank()
                && others < b.rank()
                && a.dim(own) == b.dim(others)
                && axes[..i].iter().all(|pair| pair.0 != own && pair.1 != others);
            ensure!(
                fits,
                [a, b],
                "tensordot: axes {axes:?} of shapes {} and {} do not fit",
                a.shape(),
                b.shape()
            );
        }
        let first: Vec<Label> = (0..a.rank() as Label).collect();
        let second: Vec<Label> = (0..b.rank())
            .map(|axis| match axes.iter().find(|pair| pair.1 == axis) {
                Some(pair) => pair.0 as Label,
                None => (a.rank() + axis) as Label,
            })
            .collect();
        let is_summed = |label: &&Label| !(first.contains(label) && second.contains(label));
        let output = first.iter().chain(&second).filter(is_summed).copied().collect();
        let sizes = first.iter().copied().zip(a.shape().dims().iter().cloned());
        let sizes = sizes.chain(second.iter().copied().zip(b.shape().dims().iter().cloned())).collect();
        contract(&Subscripts { inputs: vec![first, second], output }, &[a, b], &sizes).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::{Example, example};

    let einsum = |subscripts: &'static str, shapes: &[&[usize]]| -> Example {
        example(subscripts, shapes, -1.0..1.0, move |x| {
            Expr::einsum(subscripts, &x.iter().collect::<Vec<_>>()).tanh()
        })
    };
    vec![
        einsum("ij,jk->ik", &[&[2, 3], &[3, 4]]).and(&[&[1, 1], &[1, 1]]).and(&[&[0, 3], &[3, 2]]),
        einsum("bij,bjk->bik", &[&[2, 2, 3], &[2, 3, 4]]).and(&[&[2, 2, 0], &[2, 0, 4]]),
        einsum("bqhd,bkhd->bhqk", &[&[2, 3, 2, 4], &[2, 5, 2, 4]]),
        einsum("...ij,...j", &[&[2, 3, 3], &[3]]).and(&[&[3, 3], &[2, 1, 3]]),
        einsum("i,j,i->j", &[&[3], &[2], &[3]]),
        einsum("iij->ji", &[&[3, 3, 2]]).and(&[&[1, 1, 4]]),
        einsum("ii", &[&[3, 3]]),
        einsum("ij->", &[&[3, 2]]),
        einsum("ji", &[&[3, 2]]),
        einsum("ab,bc,cd,da->", &[&[2, 3], &[3, 2], &[2, 4], &[4, 2]]),
        einsum("a,ab,b,bc,c->a", &[&[2], &[2, 3], &[3], &[3, 2], &[2]]),
        einsum("ij,ij->ij", &[&[2, 3], &[1, 3]]),
        einsum("...,...->...", &[&[2, 3], &[3]]).and(&[&[], &[2]]),
        example("tensordot", &[&[2, 3, 4], &[4, 2, 3]], -1.0..1.0, |x| {
            x[0].tensordot(&x[1], &[(1, 2), (2, 0)])
        })
        .and(&[&[2, 3, 0], &[0, 2, 3]]),
        example("all products", &[&[2], &[3]], -1.0..1.0, |x| x[0].tensordot(&x[1], &[])),
    ]
}

#[cfg(test)]
mod tests;
