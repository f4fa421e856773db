// Installed before the page's scripts: for how many samples the page's audio receivers have concealed that packets were missing.
{
  // The latest numbers of each stream, also of those that have ended.
  const streams = new Map();
  const connections = [];
  let before = new Map();

  const read = async (index) => {
    for (const { type, kind, id, ...report } of (await connections[index].getStats()).values()) {
      if (type === "inbound-rtp" && kind === "audio") streams.set(`${index} ${id}`, report);
    }
  };
  const readAll = () => Promise.all([...connections.keys()].filter((index) => connections[index].connectionState !== "closed").map(read));

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    #index = connections.push(this) - 1;

    // Both may end a stream, whose numbers are gone with it.
    setRemoteDescription(...description) {
      void read(this.#index);
      return super.setRemoteDescription(...description);
    }

    close() {
      void read(this.#index);
      super.close();
    }
  };

  globalThis.concealment = {
    begin: async () => {
      await readAll();
      before = new Map(streams);
    },
    // Milliseconds. What is concealed by silence is not counted: it is heard as silence.
    end: async () => {
      await readAll();
      let samples = 0;
      for (const [stream, { concealedSamples = 0, silentConcealedSamples = 0 }] of streams) {
        const { concealedSamples: concealed = 0, silentConcealedSamples: silent = 0 } = before.get(stream) ?? {};
        samples += concealedSamples - concealed - (silentConcealedSamples - silent);
      }
      return samples / 48;
    },
  };
}
