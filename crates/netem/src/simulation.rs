//! Flows that share links, in simulated time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use hubbub_congestion::{MILLISECOND, Micros, SECOND};

use crate::flow::{Flow, FlowConfig};
use crate::link::{Link, LinkConfig};
use crate::packet::Datagram;
use crate::trace::{INTERVAL, Trace};

/// A scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The bottlenecks. Propagation delay belongs to the flows.
    pub links: Vec<LinkConfig>,
    /// The flows.
    pub flows: Vec<FlowConfig>,
    /// Seconds.
    pub duration: u64,
    /// Everything random depends on it.
    pub seed: u64,
}

/// A packet on its way.
#[derive(Debug, Clone)]
struct Passing {
    flow: usize,
    /// It comes from the flow's sender.
    from_sender: bool,
    left: Micros,
    /// Links that it has crossed.
    hops: usize,
    datagram: Datagram,
}

struct Arrival {
    at: Micros,
    order: u64,
    passing: Passing,
}

impl PartialEq for Arrival {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Arrival {}
impl PartialOrd for Arrival {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Arrival {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

struct Simulation {
    now: Micros,
    links: Vec<Link<Passing>>,
    flows: Vec<Flow>,
    /// What has crossed all its links and travels on.
    arrivals: BinaryHeap<Reverse<Arrival>>,
    order: u64,
    next_sample: Micros,
}

/// Runs a scenario. Returns the trace of each flow.
#[must_use]
pub fn run(scenario: &Scenario) -> Vec<Trace> {
    let seed = scenario.seed;
    let links = scenario.links.iter().zip(1..);
    let flows = scenario.flows.iter().zip(1..);
    let mut simulation = Simulation {
        now: Micros(0),
        links: links
            .map(|(config, n)| Link::new(config.clone(), seed.wrapping_mul(31).wrapping_add(n)))
            .collect(),
        flows: flows
            .map(|(config, n)| Flow::new(config.clone(), seed.wrapping_mul(7_919).wrapping_add(n)))
            .collect(),
        arrivals: BinaryHeap::new(),
        order: 0,
        next_sample: Micros(INTERVAL),
    };
    let end = Micros(scenario.duration * SECOND);
    while simulation.now < end {
        simulation.step(end);
    }
    simulation.flows.into_iter().map(Flow::into_trace).collect()
}

impl Simulation {
    fn step(&mut self, end: Micros) {
        let now = self.now;
        let flows = self.flows.iter().map(|flow| flow.timer(now));
        let links = self.links.iter().map(Link::next);
        let arrival = self.arrivals.peek().map_or(Micros::NEVER, |next| next.0.at);
        let next = flows
            .chain(links)
            .chain([arrival, self.next_sample])
            .min()
            .unwrap_or(end)
            .min(end);
        // Time never stands still, so that a timer that is always due cannot stop the simulation.
        self.now = next.max(now.plus(1));
        self.cross();
        self.arrive();
        self.poll_flows();
        if self.now >= self.next_sample {
            self.next_sample = self.next_sample.plus(INTERVAL);
            for flow in &mut self.flows {
                let links = flow
                    .path(true)
                    .iter()
                    .filter_map(|link| self.links.get(*link));
                let capacity = links.filter_map(|link| link.rate(self.now)).min();
                flow.sample(self.now, capacity.unwrap_or_default());
            }
        }
    }

    /// Sends a packet over its next link, or to its destination.
    fn forward(&mut self, mut passing: Passing) {
        let now = self.now;
        let Some(flow) = self.flows.get(passing.flow) else {
            return;
        };
        let next = flow.path(passing.from_sender).get(passing.hops).copied();
        passing.hops += 1;
        if let Some(link) = next.and_then(|index| self.links.get_mut(index)) {
            link.send(now, passing.datagram.size(), passing);
        } else {
            self.order += 1;
            self.arrivals.push(Reverse(Arrival {
                at: now.plus(flow.delay()),
                order: self.order,
                passing,
            }));
        }
    }

    fn cross(&mut self) {
        for index in 0..self.links.len() {
            while let Some(passing) = self
                .links
                .get_mut(index)
                .and_then(|link| link.receive(self.now))
            {
                self.forward(passing);
            }
        }
    }

    fn arrive(&mut self) {
        while self
            .arrivals
            .peek()
            .is_some_and(|next| next.0.at <= self.now)
        {
            let Some(Reverse(Arrival { passing, .. })) = self.arrivals.pop() else {
                return;
            };
            let Some(flow) = self.flows.get_mut(passing.flow) else {
                continue;
            };
            if passing.from_sender {
                let queued = self.now.since(passing.left).saturating_sub(flow.delay());
                flow.at_receiver(self.now, queued, passing.datagram);
            } else {
                flow.at_sender(self.now, passing.datagram);
            }
        }
    }

    fn poll_flows(&mut self) {
        let now = self.now;
        let mut leaving = Vec::new();
        for (index, flow) in self.flows.iter_mut().enumerate() {
            let sent = flow.poll_sender(now).into_iter();
            leaving.extend(sent.map(|datagram| (index, true, datagram)));
            let returned = flow.poll_receiver(now).into_iter();
            leaving.extend(returned.map(|datagram| (index, false, datagram)));
        }
        for (flow, from_sender, datagram) in leaving {
            self.forward(Passing {
                flow,
                from_sender,
                left: now,
                hops: 0,
                datagram,
            });
        }
    }
}

/// Milliseconds of simulated time.
#[must_use]
pub const fn milliseconds(n: u64) -> Micros {
    Micros(n * MILLISECOND)
}

/// Seconds of simulated time.
#[must_use]
pub const fn seconds(n: u64) -> Micros {
    Micros(n * SECOND)
}
