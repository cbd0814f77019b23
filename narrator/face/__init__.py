"""Where the face in an image is: a detector and a mesh of 468 points.

    mesh = FaceMesh({"face-detector": ..., "face-detector-full-range": ..., "face-mesh": ...})
    face = mesh.find(image)

Google's networks, run with ai-edge-litert; the steps around them are written here from the model cards (BlazeFace short
range and full range; MediaPipe Face Mesh) and Bazarevsky et al. 2019, Kartynnik et al. 2019.
"""

from narrator.face.detector import Detection, FaceDetector
from narrator.face.mesh import Face, FaceMesh

__all__ = ["Detection", "Face", "FaceDetector", "FaceMesh"]
