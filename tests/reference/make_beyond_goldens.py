"""Golden numbers of the packages behind the metrics beyond the six, `goldens/beyond.json`.

    python3.11 -m venv FOLDER
    FOLDER/bin/pip install dlib-bin==20.0.1.post1 face-recognition-models==0.3.0 speechmos==0.0.1.1 \\
        whisper-normalizer==0.1.15 librosa==0.11.0 opencv-python-headless requests
    FOLDER/bin/python tests/reference/make_beyond_goldens.py ../shared/media

The faces' landmarks are those that our mesh finds, rounded, so that both cut out the same face.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import cv2
import dlib
import face_recognition_models
import numpy as np
from speechmos import dnsmos, plcmos
from whisper_normalizer.english import EnglishTextNormalizer

SPEECH = ("LJ001-0001", "asterisk_invalid", "LJ002-0020")
LANDMARKS = {
    "astronaut.png": ((256, 104), (237, 104), (194, 100), (213, 102), (223, 132)),
    "nfy_man.jpg": ((302, 197), (257, 199), (161, 203), (202, 201), (227, 265)),
}
"""Left eye's outer and inner corner, right eye's, and where nose and lip meet: x and y in pixels."""
TEXTS = (
    "I'm sorry, that's NOT a valid extension.  Please try again!",
    "Mr. Smith paid $20 million on the twenty-first of May, nineteen eighty-four.",
    "Um, the colour of the centre [laughs] isn't 3.5 per cent grey, it's (roughly) twenty two",
    "the forty-two line Bible of about fourteen fifty-five",
    "",
)


def main(media: Path) -> None:
    records: dict[str, dict[str, object]] = {}
    for name in SPEECH:
        heard = str(media / "speech" / f"{name}.wav")
        told = dnsmos.run(heard, 16000)
        np.random.seed(0)  # noqa: NPY002 - the package draws its raters from it
        opinion = plcmos.run(heard, 16000)["plcmos"]
        records[name] = {
            "package": f"speechmos {version('speechmos')}",
            "dnsmos": float(told["ovrl_mos"]),
            "dnsmos-sig": float(told["sig_mos"]),
            "dnsmos-bak": float(told["bak_mos"]),
            "plcmos": float(opinion),
        }
    network = dlib.face_recognition_model_v1(face_recognition_models.face_recognition_model_location())
    chip = np.random.RandomState(0).randint(0, 256, (150, 150, 3)).astype(np.uint8)
    faces = {"noise": chip}
    for name, points in LANDMARKS.items():
        picture = cv2.cvtColor(cv2.imread(str(media / "images" / name)), cv2.COLOR_BGR2RGB)
        box = dlib.rectangle(0, 0, picture.shape[1], picture.shape[0])
        shape = dlib.full_object_detection(box, [dlib.point(*point) for point in points])
        faces[name] = dlib.get_face_chip(picture, shape, size=150, padding=0.25)
    for name, face in faces.items():
        embedding = network.compute_face_descriptor(np.ascontiguousarray(face))
        records[name] = {
            "package": f"dlib {dlib.__version__}",
            "landmarks": LANDMARKS.get(name),
            "embedding": [round(float(number), 8) for number in embedding],
        }
    normalise = EnglishTextNormalizer()
    records["normalised"] = {
        "package": f"whisper-normalizer {version('whisper-normalizer')}",
        "texts": {text: normalise(text) for text in TEXTS},
    }
    content = {
        "command": "python tests/reference/make_beyond_goldens.py ../shared/media",
        "environment": [f"Python {platform.python_version()}", f"numpy {np.__version__}"],
        "inputs": {},
        "records": records,
    }
    target = Path(__file__).resolve().parent / "goldens" / "beyond.json"
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
