/// JSON Schema of what `ComparisonJSON` writes: docs/schemas/compare-report-1.json.
package enum ComparisonSchema {
    /// The schema as it is published.
    package static let document = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Report of lathe compare, version 1",
          "description": "What is absent was not measured, does not apply, or is minus infinity.",
          "type": "object",
          "properties": {
            "schemaVersion": {"type": "integer", "description": "1."},
            "lathe": {"description": "Version of Lathe.", "type": "string"},
            "a": {"description": "The first argument.", "type": "string"},
            "b": {"description": "The second argument.", "type": "string"},
            "exitCode": {
              "description": "0 the same or within the tolerance, 1 different, 2 something could not be compared.",
              "type": "integer"
            },
            "same": {
              "description": "Nothing differs by more than the tolerance, and nothing is missing.",
              "type": "boolean"
            },
            "summary": {"description": "One line for people.", "type": "string"},
            "tolerance": {"description": "dBFS of residual peak; absent: samples must be equal.", "type": "number"},
            "allowsOffset": {"description": "Judged after the offset in time was taken out.", "type": "boolean"},
            "allowsGain": {"description": "Judged after one gain was taken out.", "type": "boolean"},
            "gap": {"description": "Seconds: changes that are nearer are one.", "type": "number"},
            "pairs": {"type": "array", "items": {"$ref": "#/$defs/pair"}},
            "onlyInA": {"description": "Files that B lacks.", "type": "array", "items": {"type": "string"}},
            "onlyInB": {"description": "Files that A lacks.", "type": "array", "items": {"type": "string"}},
            "notLookedAt": {
              "description": "What may be sound and was not looked at; with it, nothing is the same.",
              "type": "array",
              "items": {"$ref": "#/$defs/passedOver"}
            },
            "failures": {
              "description": "What could not be compared, and what to do.",
              "type": "array",
              "items": {"type": "string"}
            }
          },
          "required": [
            "schemaVersion",
            "lathe",
            "a",
            "b",
            "exitCode",
            "same",
            "summary",
            "pairs",
            "onlyInA",
            "onlyInB",
            "failures"
          ],
          "$defs": {
            "file": {
              "type": "object",
              "properties": {
                "path": {"description": "As the user would name it.", "type": "string"},
                "container": {"description": "WAV, FLAC...", "type": "string"},
                "encoding": {"description": "24-bit PCM, 32-bit float, lossy.", "type": "string"},
                "rateHertz": {"description": "Frames in a second.", "type": "integer"},
                "channelCount": {"description": "Channels.", "type": "integer"},
                "channelMask": {"description": "Loudspeakers as the file names them.", "type": "integer"},
                "frameCount": {"description": "Samples of one channel.", "type": "integer"},
                "durationSeconds": {"description": "Frames by rate.", "type": "number"},
                "nonFiniteSampleCount": {"description": "NaN and infinite samples, if any.", "type": "integer"},
                "firstNonFiniteFrame": {"description": "The first frame with one.", "type": "integer"},
                "unmeasured": {"description": "Why there is no loudness.", "type": "string"}
              },
              "required": ["path"]
            },
            "passedOver": {
              "type": "object",
              "properties": {
                "file": {"enum": ["a", "b"]},
                "path": {"description": "As the user would name it.", "type": "string"},
                "reason": {"enum": ["linkedFolder", "unreadEnding", "notInRender"]}
              },
              "required": ["file", "path", "reason"]
            },
            "offset": {
              "type": "object",
              "properties": {
                "frames": {
                  "description": "Frames by which the same sound comes later in B; 0 for none.",
                  "type": "integer"
                },
                "seconds": {"description": "The same in seconds.", "type": "number"},
                "correlation": {"description": "Of the sound at that place, -1 to 1.", "type": "number"},
                "correlationAsIs": {"description": "Of the sound as the files stand.", "type": "number"},
                "confident": {"description": "The correlation is strong.", "type": "boolean"},
                "fraction": {
                  "description": "Part of a frame by which B is later besides; absent where none is known.",
                  "type": "number"
                },
                "drift": {"$ref": "#/$defs/drift"},
                "sections": {
                  "description": "Where the offset changes; absent where it does not.",
                  "type": "array",
                  "items": {"$ref": "#/$defs/section"}
                },
                "moreSections": {
                  "description": "True where the offset changes again after these; absent where nobody knows of it.",
                  "type": "boolean"
                }
              },
              "required": ["frames", "seconds", "correlation", "correlationAsIs", "confident"]
            },
            "drift": {
              "type": "object",
              "properties": {
                "partsPerMillion": {"description": "By which B takes longer.", "type": "number"},
                "startFrames": {"description": "By which B is later at A's start.", "type": "number"},
                "endFrames": {"description": "By which B is later at A's end.", "type": "number"}
              },
              "required": ["partsPerMillion", "startFrames", "endFrames"]
            },
            "section": {
              "type": "object",
              "properties": {
                "frame": {"description": "A's first of it.", "type": "integer"},
                "timeSeconds": {"description": "Of A.", "type": "number"},
                "offsetFrames": {"description": "By which B is later from there on.", "type": "integer"}
              },
              "required": ["frame", "timeSeconds", "offsetFrames"]
            },
            "channel": {
              "type": "object",
              "properties": {
                "finding": {"enum": ["inverted", "swapped", "moved", "silent", "dualMono", "mono"]},
                "file": {"description": "The one that it is said of.", "enum": ["a", "b"]},
                "channel": {"description": "Of that file, from 0.", "type": "integer"},
                "other": {
                  "description": "swapped: its partner; else the other file's channel that it is.",
                  "type": "integer"
                },
                "mixed": {"description": "It is half the sum of the other file's channels.", "type": "boolean"},
                "summary": {"description": "For people.", "type": "string"}
              },
              "required": ["finding", "file", "channel", "summary"]
            },
            "undone": {
              "description": "Channels and places that were put right before changes were looked for.",
              "type": "object",
              "properties": {
                "secondCount": {"description": "Seconds that differ without it.", "type": "integer"},
                "fittingSecondCount": {
                  "description": "Those in which it explains three quarters or more.",
                  "type": "integer"
                },
                "summary": {"description": "For people.", "type": "string"}
              },
              "required": ["secondCount", "fittingSecondCount", "summary"]
            },
            "gain": {
              "type": "object",
              "properties": {
                "decibels": {
                  "description": "dB by which B is louder; 0 where no one gain explains the difference.",
                  "type": "number"
                },
                "polarityFlipped": {"description": "B is A upside down.", "type": "boolean"},
                "correlation": {"description": "Where one gain fits, 0 to 1.", "type": "number"},
                "confident": {
                  "description": "One gain or the polarity explains three quarters of the residual or more.",
                  "type": "boolean"
                },
                "secondCount": {"description": "Seconds of A that have sound.", "type": "integer"},
                "fittingSecondCount": {"description": "Those in which B has this gain.", "type": "integer"}
              },
              "required": ["decibels", "polarityFlipped", "correlation", "confident"]
            },
            "levels": {
              "description": "Over the frames that both files have.",
              "type": "object",
              "properties": {
                "peak": {
                  "description": "dBFS of the greatest sample; absent where nothing is left.",
                  "type": "number"
                },
                "rms": {
                  "description": "dBFS (AES17) over all channels; absent where nothing is left.",
                  "type": "number"
                },
                "peakFrame": {"description": "Frame of A.", "type": "integer"},
                "peakSeconds": {"description": "Of that frame.", "type": "number"},
                "peakChannel": {
                  "description": "From 0, of the file with more channels, else of A; absent where they are mixed.",
                  "type": "integer"
                },
                "differingFrameCount": {"description": "Frames in which any channel is not equal.", "type": "integer"},
                "frameCount": {"description": "Frames that both files have.", "type": "integer"},
                "octaves": {"description": "dBFS in octaves.", "type": "array", "items": {"type": ["number", "null"]}}
              },
              "required": ["differingFrameCount", "frameCount"]
            },
            "residual": {
              "description": "B minus A as the files stand; after the offset; with what is undone; with the gain, too.",
              "type": "object",
              "properties": {
                "asIs": {"$ref": "#/$defs/levels"},
                "aligned": {"$ref": "#/$defs/levels"},
                "restored": {"$ref": "#/$defs/levels"},
                "matched": {"$ref": "#/$defs/levels"}
              },
              "required": ["asIs"]
            },
            "sample": {
              "type": "object",
              "properties": {
                "frame": {"description": "Of A.", "type": "integer"},
                "frameInB": {"description": "Of B.", "type": "integer"},
                "timeSeconds": {"description": "Of A.", "type": "number"},
                "channel": {"description": "From 0.", "type": "integer"},
                "a": {"description": "1 is full scale.", "type": "number"},
                "b": {"description": "1 is full scale.", "type": "number"}
              },
              "required": ["frame", "frameInB", "timeSeconds", "channel", "a", "b"]
            },
            "extra": {
              "type": "object",
              "properties": {
                "file": {"enum": ["a", "b"]},
                "place": {"enum": ["head", "tail"]},
                "frame": {"description": "Of that file.", "type": "integer"},
                "frameCount": {"description": "How many.", "type": "integer"},
                "peak": {"description": "dBFS; absent for digital silence.", "type": "number"}
              },
              "required": ["file", "place", "frame", "frameCount"]
            },
            "region": {
              "type": "object",
              "properties": {
                "startSeconds": {"description": "Of A.", "type": "number"},
                "endSeconds": {"description": "Of A.", "type": "number"},
                "frame": {"description": "Of A, to 10 ms.", "type": "integer"},
                "frameCount": {"description": "How many.", "type": "integer"},
                "peak": {"description": "dBFS of the residual.", "type": "number"},
                "rms": {"description": "dBFS of the residual (AES17).", "type": "number"},
                "loudnessChange": {"description": "LU by which B is louder, but for the gain.", "type": "number"},
                "lowHertz": {"description": "Four fifths of the power lie from here.", "type": "number"},
                "highHertz": {"description": "To.", "type": "number"},
                "summary": {"description": "For people.", "type": "string"}
              },
              "required": ["startSeconds", "endSeconds", "frame", "frameCount", "summary"]
            },
            "change": {
              "type": "object",
              "properties": {
                "startSeconds": {"description": "Of A.", "type": "number"},
                "endSeconds": {"description": "Of A.", "type": "number"},
                "change": {"description": "LU by which B is louder, without the gain.", "type": "number"},
                "lowHertz": {"description": "As in a region.", "type": "number"},
                "highHertz": {"description": "As in a region.", "type": "number"},
                "summary": {"description": "For people.", "type": "string"}
              },
              "required": ["startSeconds", "endSeconds", "change", "summary"]
            },
            "figure": {
              "type": "object",
              "properties": {
                "a": {"description": "Absent for silence and what cannot be measured.", "type": "number"},
                "b": {"description": "Absent likewise.", "type": "number"},
                "change": {"description": "b - a.", "type": "number"}
              },
              "required": []
            },
            "sides": {
              "description": "On the file's own timeline, to a thousandth; null for silence.",
              "type": "object",
              "properties": {
                "momentary": {
                  "description": "LUFS of the 400 ms from i * 0.1 s on.",
                  "type": "array",
                  "items": {"type": ["number", "null"]}
                },
                "shortTerm": {
                  "description": "LUFS of the 3 s from i * 0.1 s on.",
                  "type": "array",
                  "items": {"type": ["number", "null"]}
                },
                "second": {
                  "description": "LUFS of each whole second, without gates.",
                  "type": "array",
                  "items": {"type": ["number", "null"]}
                },
                "truePeak": {
                  "description": "dBTP of each second.",
                  "type": "array",
                  "items": {"type": ["number", "null"]}
                },
                "correlation": {
                  "description": "Of left and right in each second.",
                  "type": "array",
                  "items": {"type": ["number", "null"]}
                },
                "width": {
                  "description": "dB of side over mid in each second.",
                  "type": "array",
                  "items": {"type": ["number", "null"]}
                }
              },
              "required": ["momentary", "shortTerm", "second", "truePeak", "correlation", "width"]
            },
            "pair": {
              "type": "object",
              "properties": {
                "title": {
                  "description": "Song or stem where a render says so, else the file name.",
                  "type": "string"
                },
                "relation": {
                  "description": "Absent where the pair could not be compared.",
                  "enum": ["identicalFiles", "identicalSamples", "withinTolerance", "different"]
                },
                "failure": {"description": "Why it could not be compared.", "type": "string"},
                "a": {"$ref": "#/$defs/file"},
                "b": {"$ref": "#/$defs/file"},
                "incomparable": {"description": "Why there is no residual: other rates or channels.", "type": "string"},
                "otherLoudspeakers": {
                  "description": "The files name other loudspeakers for their channels.",
                  "type": "boolean"
                },
                "equalAs32BitFloats": {
                  "description": "Of 64-bit floats: equal as far as they are read.",
                  "type": "boolean"
                },
                "judgedPeak": {
                  "description": "dBFS: what the tolerance was held against; absent where nothing is left.",
                  "type": "number"
                },
                "offset": {"$ref": "#/$defs/offset"},
                "channels": {
                  "description": "What is with the channels; absent where nothing is.",
                  "type": "array",
                  "items": {"$ref": "#/$defs/channel"}
                },
                "gain": {"$ref": "#/$defs/gain"},
                "undone": {"$ref": "#/$defs/undone"},
                "residual": {"$ref": "#/$defs/residual"},
                "firstDifference": {"$ref": "#/$defs/sample"},
                "onlyIn": {
                  "description": "Frames that only one file has, once the sound stands at the same place.",
                  "type": "array",
                  "items": {"$ref": "#/$defs/extra"}
                },
                "threshold": {"description": "dBFS: what regions are above.", "type": "number"},
                "regionCount": {"description": "Of all, those not listed included.", "type": "integer"},
                "regions": {
                  "description": "Where the residual after offset and gain is above the threshold; the greatest 1,000.",
                  "type": "array",
                  "items": {"$ref": "#/$defs/region"}
                },
                "loudnessChanges": {
                  "description": "Where momentary loudness moved besides the gain.",
                  "type": "array",
                  "items": {"$ref": "#/$defs/change"}
                },
                "metrics": {
                  "description": "By the names of lathe measure.",
                  "type": "object",
                  "additionalProperties": {"$ref": "#/$defs/figure"}
                },
                "octaves": {
                  "description": "Levels of the mid signal.",
                  "type": "object",
                  "properties": {
                    "centresHertz": {"type": "array", "items": {"description": "Nominal centre.", "type": "number"}},
                    "a": {"description": "dBFS.", "type": "array", "items": {"type": ["number", "null"]}},
                    "b": {"description": "dBFS.", "type": "array", "items": {"type": ["number", "null"]}}
                  },
                  "required": ["centresHertz", "a", "b"]
                },
                "curves": {
                  "type": "object",
                  "properties": {
                    "a": {"$ref": "#/$defs/sides"},
                    "b": {"$ref": "#/$defs/sides"},
                    "residualPeak": {
                      "description": "dBFS of each second of A, after offset and gain.",
                      "type": "array",
                      "items": {"type": ["number", "null"]}
                    },
                    "residualRMS": {
                      "description": "The same, RMS (AES17).",
                      "type": "array",
                      "items": {"type": ["number", "null"]}
                    }
                  },
                  "required": ["a", "b"]
                }
              },
              "required": ["title", "a", "b"]
            }
          }
        }

        """#
}
