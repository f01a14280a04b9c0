/// The player of the page: both files decoded into buffers that start together, so that switching is a change of
/// gains over 5 ms and loses no sample.
enum PlayerScript {
    /// Holds neither "<" nor "&": it stands in HTML and XML as it is.
    static let text = """
        (function () {
          "use strict";
          var fade = 0.005;
          function bytes(root, name) {
            var text = atob(root.querySelector(name).textContent.trim());
            var out = new Uint8Array(text.length);
            for (var i = 0; i !== text.length; i += 1) { out[i] = text.charCodeAt(i); }
            return out.buffer;
          }
          function clock(seconds) {
            var tenths = Math.round(seconds * 10);
            var s = Math.floor(tenths / 10) % 60;
            return Math.floor(tenths / 600) + ":" + (s > 9 ? "" : "0") + s + "." + tenths % 10;
          }
          var active = null;
          function Player(root, section) {
            var one = function (name) { return root.querySelector(name); };
            var start = Number(root.dataset.start), factor = Number(root.dataset.factor);
            var match = Number(root.dataset.match);
            var seek = one(".seek"), play = one(".play"), state = one(".state");
            var sides = Array.from(root.querySelectorAll(".side-button"));
            var duration = Number(seek.max), notes = state.textContent;
            var context = null, buffers = null, gains = null, sources = null;
            var side = "a", offset = 0, begun = 0, self = this, loading = false;
            function level(name) {
              if (name !== side) { return 0; }
              if (name === "d") { return one(".boost").checked ? 15.85 : 1; }
              if (!one(".match").checked) { return 1; }
              var louder = name === "b" ? match : -match;
              return louder > 0 ? Math.pow(10, -louder / 20) : 1;
            }
            function setGains(now) {
              if (!gains) { return; }
              Object.keys(gains).forEach(function (name) {
                var gain = gains[name].gain, at = context.currentTime;
                gain.cancelScheduledValues(at);
                if (now) { gain.setValueAtTime(level(name), at); return; }
                gain.setValueAtTime(gain.value, at);
                gain.linearRampToValueAtTime(level(name), at + fade);
              });
            }
            function difference(a, b) {
              var channels = Math.max(a.numberOfChannels, b.numberOfChannels);
              var out = context.createBuffer(channels, Math.max(a.length, b.length), a.sampleRate);
              for (var c = 0; c !== channels; c += 1) {
                var x = a.getChannelData(Math.min(c, a.numberOfChannels - 1));
                var y = b.getChannelData(Math.min(c, b.numberOfChannels - 1));
                var d = out.getChannelData(c);
                for (var i = 0; i !== d.length; i += 1) { d[i] = factor * (y[i] || 0) - (x[i] || 0); }
              }
              return out;
            }
            function load() {
              var Kind = window.AudioContext || window.webkitAudioContext;
              try { context = new Kind({ sampleRate: Number(root.dataset.rate) }); } catch (e) { context = new Kind(); }
              state.textContent = "Decoding…";
              return Promise.all([".sound-a", ".sound-b"].map(function (name) {
                return context.decodeAudioData(bytes(root, name));
              })).then(function (both) {
                buffers = { a: both[0], b: both[1] };
                if (one(".boost")) { buffers.d = difference(both[0], both[1]); }
                gains = {};
                Object.keys(buffers).forEach(function (name) {
                  gains[name] = context.createGain();
                  gains[name].connect(context.destination);
                });
                root.dataset.ready = "yes";
                state.textContent = notes;
              });
            }
            function stop() {
              if (sources) { sources.forEach(function (s) { s.onended = null; s.stop(); }); }
              sources = null;
              play.textContent = "Play";
            }
            function place() {
              return sources ? Math.min(duration, offset + Math.max(0, context.currentTime - begun)) : offset;
            }
            function begin() {
              stop();
              if (offset + 0.01 > duration) { offset = 0; }
              setGains(true);
              begun = context.currentTime + 0.03;
              sources = Object.keys(buffers).map(function (name) {
                var source = context.createBufferSource();
                source.buffer = buffers[name];
                source.connect(gains[name]);
                source.start(begun, offset);
                return source;
              });
              play.textContent = "Pause";
              window.requestAnimationFrame(draw);
            }
            function draw() {
              var at = place();
              seek.value = at;
              one(".clock").textContent = clock(start + at);
              section.querySelectorAll(".cursor").forEach(function (line) {
                line.style.left = 100 * (start + at) / Number(line.dataset.seconds) + "%";
                line.hidden = false;
              });
              if (sources ? at + 0.001 > duration : false) { stop(); offset = 0; }
              if (sources) { window.requestAnimationFrame(draw); }
            }
            this.toggle = function () {
              if (active ? active !== self : false) { active.pause(); }
              active = self;
              if (sources) { self.pause(); return; }
              if (loading) { return; }
              loading = true;
              (buffers ? Promise.resolve() : load()).then(function () {
                return context.resume();
              }).then(function () { loading = false; begin(); }).catch(function (error) {
                loading = false;
                state.textContent = "This browser cannot decode the sound: " + error.message;
              });
            };
            this.pause = function () { offset = place(); stop(); draw(); };
            this.go = function (at) {
              offset = Math.max(0, Math.min(duration, at - start));
              if (sources) { begin(); } else { draw(); self.toggle(); }
            };
            this.choose = function (name) {
              if (!sides.some(function (b) { return b.dataset.side === name; })) { return; }
              side = name;
              sides.forEach(function (b) { b.setAttribute("aria-pressed", String(b.dataset.side === name)); });
              setGains(false);
            };
            sides.forEach(function (b) { b.addEventListener("click", function () { self.choose(b.dataset.side); }); });
            play.addEventListener("click", this.toggle);
            [".match", ".boost"].filter(one).forEach(function (name) {
              one(name).addEventListener("change", function () { setGains(false); });
            });
            seek.addEventListener("input", function () {
              offset = Number(seek.value);
              if (sources) { begin(); } else { draw(); }
            });
            section.querySelectorAll(".go").forEach(function (b) {
              b.addEventListener("click", function () { self.go(Number(b.dataset.at)); });
            });
            root.hidden = false;
          }
          document.querySelectorAll(".pair").forEach(function (section) {
            var root = section.querySelector(".player");
            if (!root) {
              section.querySelectorAll(".go").forEach(function (b) { b.disabled = true; });
              return;
            }
            var player = new Player(root, section);
            active = active || player;
          });
          document.addEventListener("keydown", function (event) {
            if (!active || event.ctrlKey || event.metaKey || event.altKey) { return; }
            if (["a", "b", "d"].indexOf(event.key) !== -1) { active.choose(event.key); }
            if (event.key === " ") {
              if (["BUTTON", "INPUT", "SUMMARY", "A"].indexOf(event.target.tagName) === -1) {
                event.preventDefault();
                active.toggle();
              }
            }
          });
        })();
        """
}
