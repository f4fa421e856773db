//! The tests of the worker, as one program: it links once instead of once per file.

mod common;

mod targets;

mod bad_networks;
mod bandwidth;
mod close_cascades;
mod close_large_room;
mod closed_once;
mod dtx;
mod feedback;
mod forward_audio;
mod forward_codecs;
mod forward_video;
mod full_queue;
mod header_extensions;
mod hostile_input;
mod ice_connect;
mod ingress_limit;
mod key_frame_requests;
mod key_frame_svc;
mod key_frames_behind_pipes;
mod last_n_audio;
mod layer_switches;
mod limited_layers;
mod loss_reports;
mod many_ssrcs;
mod mutated_sessions;
mod node_link_allocation;
mod node_link_bandwidth;
mod node_link_checks;
mod node_link_nonces;
mod node_link_relays;
mod node_link_strangers;
mod node_links;
mod nonces;
mod oversized_packets;
mod pair_ownership;
mod pipe_commands;
mod pipe_repair;
mod pipes;
mod plain_transport;
mod preferred_layers;
mod redundancy;
mod refusals;
mod repair;
mod repaired_key_frames;
mod rollover;
mod round_trips;
mod scores;
mod sender_reports;
mod shared_link;
mod simulcast;
mod simulcast_codecs;
mod spatial_layers;
mod speaker_events;
mod ssrc_changes;
mod still_streams;
mod stream_counters;
mod successor_audio;
mod successor_closures;
mod successor_simulcast;
mod successors;
mod tcp_paths;
mod time_jumps;
mod timeouts;
mod wanted_encodings;

use std::collections::BTreeSet;

#[test]
fn every_file_belongs_to_this_program() {
    let declared: BTreeSet<String> = include_str!("main.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(String::from)
        .collect();
    let files: BTreeSet<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
        .expect("the directory of this file")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_string()))
        .filter(|name| name != "main")
        .collect();
    assert_eq!(declared, files);
}
