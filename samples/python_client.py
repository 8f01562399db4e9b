"""A small client of a Grape cluster: asks whichever node is healthy. Needs the package `requests`.

Usage: python3 samples/python_client.py http://localhost:6333 http://localhost:6343 http://localhost:6353
"""

import random
import sys

import requests


class GrapeClusterClient:
    """Vectors in and out of a cluster, through any of its nodes."""

    def __init__(self, endpoints, timeout=5):
        self.endpoints = list(endpoints)
        self.timeout = timeout
        self.session = requests.Session()

    def _get_endpoint(self):
        """A node that says that it can serve; they are asked in an order drawn by chance."""
        for endpoint in random.sample(self.endpoints, len(self.endpoints)):
            try:
                if self.session.get(f"{endpoint}/health", timeout=self.timeout).ok:
                    return endpoint
            except requests.RequestException:
                continue
        raise ConnectionError("no node is healthy")

    def _post(self, path, body):
        response = self.session.post(f"{self._get_endpoint()}{path}", json=body)
        response.raise_for_status()
        return response.json()

    def add_vector(self, vector_id, vector, payload=None):
        """Inserts a point, or replaces the one with the same id."""
        return self._post("/vectors", {"id": vector_id, "vector": vector, "payload": payload or {}})

    def search_vectors(self, query_vector, limit=10):
        """The nearest points, best first, as `results`."""
        return self._post("/vectors/search", {"vector": query_vector, "limit": limit})


def main(endpoints):
    client = GrapeClusterClient(endpoints)
    print(client.add_vector("python_doc_1", [0.1] * 768, {"language": "python"}))
    for point in client.search_vectors([0.1] * 768, 5)["results"]:
        print(point["id"], round(point["score"], 4), point["payload"])


if __name__ == "__main__":
    main(sys.argv[1:] or ["http://localhost:6333"])
