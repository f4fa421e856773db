//! The limits of UDP segmentation offload (GSO) on each route.

use std::net::IpAddr;

use hubbub_core::api::Path;
use rustc_hash::FxHashMap;

/// Routes to remember. Beyond it, all are forgotten and learned again, which costs one refused call each.
const MAX_ROUTES: usize = 1_024;

/// Limits of one GSO message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentationLimits {
    /// Datagrams in a message (`UDP_MAX_SEGMENTS`).
    pub(crate) count: usize,
    /// Bytes in a message: an IP packet holds 65,535 with its headers.
    pub(crate) bytes: usize,
    /// Larger datagrams are not grouped; 0 disables grouping.
    pub(crate) segment_bytes: usize,
}

impl SegmentationLimits {
    /// No grouping: one message per datagram.
    pub(crate) const OFF: Self = Self {
        count: 1,
        bytes: 0,
        segment_bytes: 0,
    };
}

impl Default for SegmentationLimits {
    fn default() -> Self {
        Self {
            count: 64,
            bytes: 65_000,
            segment_bytes: 1_472,
        }
    }
}

/// The limits of each route, given by its local and remote address: the device of one route may not support
/// segmentation, and the MTU of one path may be small.
#[derive(Debug, Default)]
pub(crate) struct RouteLimits {
    /// The routes with other limits than the default.
    learned: FxHashMap<(IpAddr, IpAddr), SegmentationLimits>,
}

impl RouteLimits {
    /// The limits of this path's route.
    pub(crate) fn of(&self, path: Path) -> SegmentationLimits {
        if self.learned.is_empty() {
            return SegmentationLimits::default();
        }
        self.learned
            .get(&route_of(path))
            .copied()
            .unwrap_or_default()
    }

    /// Replaces the limits of this path's route.
    pub(crate) fn learn(&mut self, path: Path, limits: SegmentationLimits) {
        if self.learned.len() >= MAX_ROUTES {
            self.learned.clear();
        }
        self.learned.insert(route_of(path), limits);
    }
}

fn route_of(path: Path) -> (IpAddr, IpAddr) {
    (path.local, path.remote.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(remote: u32, port: u16) -> Path {
        Path::udp(
            [192, 0, 2, 1].into(),
            (IpAddr::from(remote.to_be_bytes()), port).into(),
        )
    }

    #[test]
    fn limits_hold_for_every_port_of_an_address_and_for_no_other_address() {
        let mut routes = RouteLimits::default();
        routes.learn(path(1, 1), SegmentationLimits::OFF);
        assert_eq!(routes.of(path(1, 2)), SegmentationLimits::OFF);
        assert_eq!(routes.of(path(2, 1)), SegmentationLimits::default());
    }

    #[test]
    fn the_number_of_routes_is_limited() {
        let mut routes = RouteLimits::default();
        for remote in 0..10_000 {
            routes.learn(path(remote, 1), SegmentationLimits::OFF);
            assert!(routes.learned.len() <= MAX_ROUTES);
            assert_eq!(routes.of(path(remote, 1)), SegmentationLimits::OFF);
        }
    }
}
