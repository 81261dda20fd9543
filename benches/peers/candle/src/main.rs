//! Plain training steps of the three networks in candle.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::loss::cross_entropy;
use candle_nn::{AdamW, Conv2d, Conv2dConfig, Linear, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap};

#[path = "../../timing.rs"]
mod timing;
use timing::Options;

/// Convolutions with tanh, each followed by the pooling if there is one, then dense layers with tanh between them.
struct Network {
    convolutions: Vec<Conv2d>,
    pool: bool,
    dense: Vec<Linear>,
}

impl Network {
    fn new(model: &str, variables: VarBuilder) -> Result<Network> {
        let conv = |name: &str, channels: [usize; 2], window, options| {
            candle_nn::conv2d(channels[0], channels[1], window, options, variables.pp(name))
        };
        let halving = Conv2dConfig { padding: 1, stride: 2, ..Default::default() };
        let (convolutions, pool, sizes) = match model {
            "dense" => (vec![], false, [784, 800, 800, 10].as_slice()),
            "conv" => {
                let layers =
                    vec![conv("c1", [1, 32], 5, Default::default())?, conv("c2", [32, 32], 5, Default::default())?];
                (layers, true, [512, 256, 10].as_slice())
            }
            "strided" => {
                let layers = vec![conv("c1", [1, 24], 3, halving)?, conv("c2", [24, 48], 3, halving)?];
                (layers, false, [2352, 120, 10].as_slice())
            }
            _ => panic!("no network {model}"),
        };
        let dense = sizes
            .windows(2)
            .enumerate()
            .map(|(i, s)| candle_nn::linear(s[0], s[1], variables.pp(format!("d{i}"))))
            .collect::<Result<_>>()?;
        Ok(Network { convolutions, pool, dense })
    }

    fn logits(&self, images: &Tensor) -> Result<Tensor> {
        let mut h = images.clone();
        for conv in &self.convolutions {
            h = conv.forward(&h)?.tanh()?;
            if self.pool {
                h = h.max_pool2d(2)?;
            }
        }
        let (last, hidden) = self.dense.split_last().expect("layers");
        h = h.flatten_from(1)?;
        for layer in hidden {
            h = layer.forward(&h)?.tanh()?;
        }
        last.forward(&h)
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    let variables = VarMap::new();
    let network = Network::new(&options.model, VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
    let images = Tensor::rand(0f32, 1f32, (options.batch, 1, 28, 28), &Device::Cpu)?;
    let labels: Vec<u32> = (0..options.batch as u32).map(|i| i * 7919 % 10).collect();
    let labels = Tensor::new(labels, &Device::Cpu)?;
    // Without weight decay AdamW is Adam.
    let adam = ParamsAdamW { lr: 1e-3, weight_decay: 0.0, ..Default::default() };
    let mut adam = AdamW::new(variables.all_vars(), adam)?;
    let mut step = || -> Result<f32> {
        let loss = cross_entropy(&network.logits(&images)?, &labels)?;
        adam.step(&loss.backward()?)?;
        loss.to_scalar()
    };
    options.time(|| step().expect("shapes that fit"));
    Ok(())
}
