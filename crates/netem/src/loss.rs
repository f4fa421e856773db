//! Loss on the way, apart from that of full queues.

use crate::random::Random;

/// Which packets are lost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Loss {
    /// None.
    #[default]
    None,
    /// Each with this probability.
    Random(f64),
    /// Gilbert-Elliott: bursts. In the bad state packets are lost with probability `loss`.
    Bursts {
        /// Probability per packet of a burst's begin.
        begin: f64,
        /// Probability per packet of its end.
        end: f64,
        /// Loss within it.
        loss: f64,
    },
}

/// A loss process with its state.
#[derive(Debug, Clone)]
pub(crate) struct LossProcess {
    loss: Loss,
    bad: bool,
}

impl LossProcess {
    pub(crate) const fn new(loss: Loss) -> Self {
        Self { loss, bad: false }
    }

    /// Whether the next packet is lost.
    pub(crate) fn loses(&mut self, random: &mut Random) -> bool {
        match self.loss {
            Loss::None => false,
            Loss::Random(probability) => random.chance(probability),
            Loss::Bursts { begin, end, loss } => {
                self.bad = if self.bad {
                    !random.chance(end)
                } else {
                    random.chance(begin)
                };
                self.bad && random.chance(loss)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(loss: Loss) -> Vec<bool> {
        let (mut process, mut random) = (LossProcess::new(loss), Random::new(1));
        (0..100_000).map(|_| process.loses(&mut random)).collect()
    }

    fn share(lost: &[bool]) -> f64 {
        lost.iter().filter(|lost| **lost).count() as f64 / lost.len() as f64
    }

    #[test]
    fn random_loss_has_its_probability() {
        assert!((share(&lost(Loss::Random(0.1))) - 0.1).abs() < 0.005);
        assert!(share(&lost(Loss::None)) == 0.0);
    }

    #[test]
    fn bursts_lose_neighbours() {
        let lost = lost(Loss::Bursts {
            begin: 0.01,
            end: 0.1,
            loss: 1.0,
        });
        // The bad state takes 0.01 / (0.01 + 0.1) of the time; a burst has 10 packets.
        assert!((share(&lost) - 0.091).abs() < 0.01, "{}", share(&lost));
        let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        let mean = share(&lost) * lost.len() as f64 / bursts as f64;
        assert!((mean - 10.0).abs() < 1.0, "{mean}");
    }
}
