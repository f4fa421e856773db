// For screenshots: drawn portraits instead of Chromium's test picture. `?name=` selects the portrait.
{
  const LOOKS = {
    "Mei Lin": { wall: "#cfe3d4", shirt: "#e8c766", skin: "#f2d3b8", hair: "#b5813f" },
    "Amina Diallo": { wall: "#ecdfc8", shirt: "#8f3d2f", skin: "#9a6848", hair: "#15100e" },
    "Jonas Weber": { wall: "#cbdcea", shirt: "#2f4f7f", skin: "#eec3a0", hair: "#3a2416" },
    "Priya Rao": { wall: "#dcd3e6", shirt: "#4c7a62", skin: "#c98f66", hair: "#2a1a12" },
    "Luis Vega": { wall: "#d0dde0", shirt: "#6a5a94", skin: "#e0b08a", hair: "#55433a" },
    "Sara Holm": { wall: "#d6d9cd", shirt: "#a8503c", skin: "#6d452e", hair: "#1c1512" },
    Ann: { wall: "#e3dcc9", shirt: "#37618e", skin: "#eec6a4", hair: "#6b3a1f" },
    Ben: { wall: "#d3dfd6", shirt: "#7a3b4b", skin: "#8f5f41", hair: "#1a1310" },
    Cem: { wall: "#dcd6e4", shirt: "#3f6b4a", skin: "#dba679", hair: "#2c2019" },
    "Nora Berg": { wall: "#e6d2cd", shirt: "#33535b", skin: "#f0cdb5", hair: "#8a4a2b" },
  };

  const film = (width, height, draw) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d");
    let count = 0;
    const next = () => draw(context, width, height, count++);
    next();
    setInterval(next, 100);
    return canvas.captureStream(10);
  };

  const ellipse = (context, colour, x, y, rx, ry) => {
    context.fillStyle = colour;
    context.beginPath();
    context.ellipse(x, y, rx, ry, 0, 0, 7);
    context.fill();
  };

  const person = ({ wall, shirt, skin, hair }) => (context, width, height, count) => {
    const unit = height / 360;
    const x = width / 2 + Math.sin(count / 9) * 3 * unit;
    context.fillStyle = wall;
    context.fillRect(0, 0, width, height);
    ellipse(context, hair, x, 150 * unit, 78 * unit, 92 * unit);
    ellipse(context, shirt, x, 400 * unit, 150 * unit, 140 * unit);
    ellipse(context, skin, x, 252 * unit, 34 * unit, 46 * unit);
    ellipse(context, skin, x, 172 * unit, 64 * unit, 80 * unit);
    for (const side of [-1, 1]) ellipse(context, "#2b2320", x + side * 25 * unit, 162 * unit, 6 * unit, 8 * unit);
    ellipse(context, "#8c3a3c", x, 208 * unit, 20 * unit, 7 * unit);
  };

  const slide = (context, width, height, count) => {
    const bars = [42, 61, 55, 78, 96, 88, 120];
    context.fillStyle = "#fbfaf7";
    context.fillRect(0, 0, width, height);
    context.fillStyle = "#1d2421";
    context.font = "600 44px system-ui, sans-serif";
    context.fillText("Visitors, week by week", 70, 110);
    context.font = "24px system-ui, sans-serif";
    context.fillText("Spring programme, all three houses", 70, 155);
    bars.forEach((bar, index) => {
      context.fillStyle = index === 6 ? "#12805f" : "#b9cfc5";
      context.fillRect(80 + index * 160, 640 - bar * 3.4, 110, bar * 3.4 + (count % 2) * 0.01);
    });
    context.fillStyle = "#8a938e";
    context.fillRect(70, 640, 1130, 3);
  };

  const name = new URLSearchParams(location.search).get("name") ?? "";
  const look = LOOKS[name] ?? LOOKS["Mei Lin"];
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await real(constraints);
    for (const track of stream.getVideoTracks()) {
      track.stop();
      stream.removeTrack(track);
      stream.addTrack(film(640, 360, person(look)).getVideoTracks()[0]);
    }
    return stream;
  };
  navigator.mediaDevices.getDisplayMedia = async () => film(1280, 720, slide);
}
