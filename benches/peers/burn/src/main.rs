//! Plain training steps of the three networks in burn, on its flex backend.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Distribution;

#[path = "../../timing.rs"]
mod timing;
use timing::Options;

/// Convolutions with tanh, each followed by the pooling if there is one, then dense layers with tanh between them.
#[derive(Module, Debug)]
struct Network {
    convolutions: Vec<Conv2d>,
    pool: Option<MaxPool2d>,
    dense: Vec<Linear>,
}

impl Network {
    fn new(model: &str, device: &Device) -> Network {
        let conv = |channels, window| Conv2dConfig::new(channels, [window; 2]);
        let halving = |channels| {
            conv(channels, 3).with_stride([2, 2]).with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        };
        let (convolutions, pool, sizes) = match model {
            "dense" => (vec![], None, [784, 800, 800, 10].as_slice()),
            "conv" => {
                let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
                (vec![conv([1, 32], 5), conv([32, 32], 5)], Some(pool), [512, 256, 10].as_slice())
            }
            "strided" => (vec![halving([1, 24]), halving([24, 48])], None, [2352, 120, 10].as_slice()),
            _ => panic!("no network {model}"),
        };
        Network {
            convolutions: convolutions.into_iter().map(|c| c.init(device)).collect(),
            pool,
            dense: sizes.windows(2).map(|s| LinearConfig::new(s[0], s[1]).init(device)).collect(),
        }
    }

    fn logits(&self, mut images: Tensor<4>) -> Tensor<2> {
        for conv in &self.convolutions {
            images = conv.forward(images).tanh();
            if let Some(pool) = &self.pool {
                images = pool.forward(images);
            }
        }
        let (last, hidden) = self.dense.split_last().expect("layers");
        last.forward(hidden.iter().fold(images.flatten(1, 3), |h, layer| layer.forward(h).tanh()))
    }
}

fn main() {
    let options = Options::parse();
    let device = Device::flex().autodiff();
    let mut network = Network::new(&options.model, &device);
    let images = Tensor::<4>::random([options.batch, 1, 28, 28], Distribution::Uniform(0.0, 1.0), &device);
    let labels: Vec<i32> = (0..options.batch as i32).map(|i| i * 7919 % 10).collect();
    let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &device);
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let mut adam = AdamConfig::new().init();
    options.time(|| {
        let loss = cross_entropy.forward(network.logits(images.clone()), labels.clone());
        let slopes = GradientsParams::from_grads(loss.backward(), &network);
        network = adam.step(1e-3, network.clone(), slopes);
        let loss = loss.into_scalar();
        device.sync().expect("a device that works");
        loss
    });
}
