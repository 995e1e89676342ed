"""A real server: answers, limits, what clients do wrong, keys, shutting down under load."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'quantlat[serve]'")
pytest.importorskip("uvicorn", reason="needs the extra serve: pip install 'quantlat[serve]'")

from quantlat.deployment import Predictor
from tests.serving.bundles import LABELS, write_tiny_bundle
from tests.serving.live import PATIENCE_S, ROOT, LiveServer, alive, children, listens, running

CONTEXT = "The tower was built in 1889 by a company from Paris. It is 330 metres high."
ASKED = {"question": "When was it built?", "context": CONTEXT}


@pytest.fixture(scope="module")
def server(bundle: Path) -> Iterator[LiveServer]:
    with running(bundle, "--log-requests", "--max-body-kib", "64") as started:
        yield started


def test_an_answer_is_the_predictors_own(server: LiveServer, predictor: Predictor) -> None:
    reply = server.post("/v1/answer", {**ASKED, "profile": "full", "trace": True})
    own = predictor.answer(ASKED["question"], CONTEXT, profile="full")
    assert reply.status == 200
    body = reply.json
    assert (body["text"], body["start"], body["end"]) == (own.text, own.start, own.end)
    assert body["score"] == pytest.approx(own.score, abs=1e-6)
    assert body["text"] == CONTEXT[body["start"] : body["end"]]
    assert body["profile"] == "full" and not body["degraded"] and body["budget_met"] is None
    assert {token["last_layer"] for token in body["trace"]} == {body["layers"]}


def test_a_list_is_answered_in_its_order(server: LiveServer) -> None:
    asked = [{**ASKED, "context": f"{number} {CONTEXT}"} for number in range(9)]
    replies = server.post("/v1/answer", asked).json
    singles = [server.post("/v1/answer", one).json for one in asked]
    assert [r["start"] for r in replies] == [r["start"] for r in singles]
    assert [r["text"] for r in replies] == [
        one["context"][r["start"] : r["end"]] for one, r in zip(asked, replies, strict=True)
    ]


def test_a_budget_that_nothing_can_keep_is_answered_by_the_fastest_profile(server: LiveServer) -> None:
    profiles = [profile["name"] for profile in server.get("/v1/model").json["profiles"]]
    body = server.post("/v1/answer", {**ASKED, "budget_ms": 0.001}).json
    assert body["profile"] == profiles[-1] and body["budget_met"] is False
    body = server.post("/v1/answer", {**ASKED, "budget_ms": 600_000}).json
    assert body["profile"] == profiles[0] and body["budget_met"] is True
    assert server.metric("quantlat_budget_misses_total") >= 1


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧‍👦 family emoji 🏳️‍🌈", "ﷺ ﷽ العربية من اليمين", "日本語のテキスト 한국어 中文",
        "e\u0301 n\u0303 combining", "\u0000 zero \u0007 bell", "\u200b\u200d\ufeff\u2060 invisible",
        "\u202e reversed \u202c", "𝔘𝔫𝔦 𒀀 🀄",
        "\ud7ff\ue000\uffff\U0010ffff edges", "ﬁ ﬃ Å Ω İ ẞ", "\r\n\t\x0b\x0c\x1c\x85\u2028\u2029 spaces", "a" * 5000,
    ],
)  # fmt: skip
def test_unicode_of_every_kind_is_answered_with_a_span_of_the_text(server: LiveServer, text: str) -> None:
    context = f"{text} in 1889 {text}"
    reply = server.post("/v1/answer", {"question": text[:1000], "context": context, "trace": True})
    assert reply.status == 200, reply.body
    body = reply.json
    assert body["text"] == context[body["start"] : body["end"]]
    assert all(0 <= t["start"] <= t["end"] <= len(context) for t in body["trace"])


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b"", 422, ""),
        (b"[" * 50_000, 400, "not JSON"),
        (b'{"question": "q", "context": "c \\ud800 half"}', 422, "context"),
        (b'{"question": "q"}', 422, "context: Field required"),
        (b'{"question": "q", "context": 3}', 422, "context"),
        (b'{"question": "q", "contxt": "c", "context": "c"}', 422, "contxt"),
        (b'{"question": "", "context": "c"}', 422, "question"),
        (b'{"question": "q", "context": "c", "budget_ms": NaN}', 422, "budget_ms"),
        (b'{"question": "q", "context": "c", "budget_ms": -1}', 422, "budget_ms"),
        (b'{"question": "q", "context": "c", "budget_ms": "5"}', 422, "budget_ms"),
        (b'{"question": "q", "context": "c", "budget_ms": 5, "profile": "full"}', 422, "exclude"),
        (b'{"question": "q", "context": "c", "profile": "slow"}', 422, "full"),
        (b"[]", 422, "empty"),
        (b"[1]", 422, "0"),
    ],
)
def test_a_wrong_body_is_refused_with_its_place(server: LiveServer, body: bytes, status: int, said: str) -> None:
    reply = server.call("POST", "/v1/answer", body, Content_Type="application/json")
    assert reply.status == status, reply.body
    assert said in reply.json["error"]["message"]


def test_too_much_is_refused(server: LiveServer) -> None:
    question = {**ASKED, "question": "why " * 1000}
    assert server.post("/v1/answer", question).json["error"]["code"] == "text_too_long"
    assert server.post("/v1/answer", [{"question": "q", "context": "c"}] * 65).json["error"]["code"] == "too_many_items"


def test_a_large_body_is_refused_before_it_is_read(server: LiveServer) -> None:
    head = b"POST /v1/answer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    # nothing of the body is sent: the answer comes because of its announced length alone
    assert b" 413 " in server.raw(head + b"Content-Length: 99999999\r\n\r\n")
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    assert b" 413 " in server.raw(head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, chunk, chunk)


def test_who_sends_a_large_body_regardless_still_reads_why_it_is_refused(server: LiveServer) -> None:
    # far more than the sockets buffer: a connection that is closed at once would be reset while the client sends
    reply = server.call("POST", "/v1/answer", b" " * (8 << 20), Content_Type="application/json")
    assert reply.status == 413 and reply.json["error"]["code"] == "body_too_large"
    assert reply.headers["connection"] == "close"


def test_the_description_holds_what_this_server_can_do(server: LiveServer, tmp_path: Path) -> None:
    described = server.get("/openapi.json").json
    assert not {"/v1/classify", "/v1/rate", "/v1/embed"} & set(described["paths"])
    others = {"ClassifyBody", "RateBody", "RateResult", "EmbedBody", "EmbedResult"}
    assert not others & set(described["components"]["schemas"])
    fields = described["components"]["schemas"]["AnswerBody"]["properties"]
    assert fields["profile"]["anyOf"][0]["enum"] == ["full", "balanced", "fast"]
    assert fields["context"]["maxLength"] == server.get("/v1/model").json["max_text_chars"]
    assert server.get("/openapi.json").json == described


def test_clients_that_go_away_harm_nobody(server: LiveServer) -> None:
    body = json.dumps([ASKED] * 60).encode()
    head = b"POST /v1/answer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    full = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    for cut in (10, len(head) + 20, len(full) // 2, len(full)):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
                connection.sendall(full[:cut])
    assert server.post("/v1/answer", ASKED).status == 200
    until = time.monotonic() + PATIENCE_S
    while server.metric("quantlat_queue_items") or server.metric("quantlat_requests_in_flight") > 1:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_an_own_deadline_that_has_passed_is_no_answer(server: LiveServer) -> None:
    reply = server.post("/v1/answer", {**ASKED, "deadline_ms": 1e-6})
    assert reply.status == 504 and reply.json["error"]["code"] == "deadline_passed"


def test_what_the_bundle_cannot_do_is_said(server: LiveServer) -> None:
    reply = server.post("/v1/classify", {"text": "fine"})
    assert reply.status == 404 and reply.json["error"]["code"] == "other_task"
    assert server.get("/nothing").json["error"]["code"] == "not_found"
    assert server.get("/v1/answer").status == 405


def test_every_response_has_the_security_headers(server: LiveServer) -> None:
    for reply in (server.get("/"), server.get("/nothing"), server.post("/v1/answer", ASKED)):
        assert reply.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "server" not in reply.headers
    assert server.get("/", Host="attacker.example").status == 421
    assert server.get("/health", Host="localhost:1").status == 200


def test_metrics_tell_what_happened(server: LiveServer) -> None:
    server.post("/v1/answer", {**ASKED, "profile": "full"})
    assert server.metric('quantlat_answers_total{degraded="false",profile="full"}') >= 1
    assert server.metric('quantlat_requests_total{endpoint="/v1/answer",status="200"}') >= 1
    assert server.metric("quantlat_batch_tokens_count") >= 1
    assert server.metric("quantlat_queue_tokens") == 0
    assert server.get("/health").json == {"status": "ok"} and server.get("/ready").json == {"status": "ready"}


def test_no_text_of_a_request_is_logged(server: LiveServer) -> None:
    secret = "xylophone"
    server.post("/v1/answer", {"question": secret, "context": secret * 3})
    server.post(f"/v1/answer?q={secret}", {secret: secret})
    server.call("POST", "/v1/answer", secret.encode())
    server.get(f"/{secret}")
    until = time.monotonic() + PATIENCE_S
    while not any("POST /v1/answer 4" in line for line in server.log):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert secret not in "".join(server.log)


def test_a_key_is_asked_for_and_the_page_is_not_behind_it(bundle: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# the first is going to be replaced\n0123456789abcdef-first\n0123456789abcdef-second\n")
    with running(bundle, "--api-key-file", str(keys)) as server:
        assert server.post("/v1/answer", ASKED).status == 401
        assert server.post("/v1/answer", ASKED, Authorization="Bearer 0123456789abcdef-wrong").status == 401
        assert server.post("/v1/answer", ASKED, Authorization="Bearer 0123456789abcdef-second").status == 200
        assert server.post("/v1/answer", ASKED, X_API_Key="0123456789abcdef-first").status == 200
        assert server.get("/metrics").status == 401 and server.get("/v1/model").status == 401
        assert [server.get(path).status for path in ("/", "/page.js", "/health", "/ready")] == [200] * 4
        assert "0123456789abcdef" not in "".join(server.log)


@pytest.mark.alone
def test_sigterm_under_load_loses_nothing_that_was_accepted(bundle: Path) -> None:
    with running(bundle, "--log-requests") as server:
        answered: list[int] = []
        begun = threading.Event()

        def ask_until_it_ends() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
            body = json.dumps([ASKED] * 8).encode()
            try:
                while True:
                    connection.request("POST", "/v1/answer", body, {"Content-Type": "application/json"})
                    response = connection.getresponse()
                    content = response.read()
                    answered.append(response.status)
                    assert response.status != 200 or len(json.loads(content)) == 8
                    begun.set()
            except (OSError, http.client.HTTPException):
                connection.close()

        clients = [threading.Thread(target=ask_until_it_ends) for _ in range(8)]
        for client in clients:
            client.start()
        assert begun.wait(PATIENCE_S)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_S) == 0
        for client in clients:
            client.join(PATIENCE_S)
    finished = sum("POST /v1/answer 200" in line for line in server.log)
    assert answered.count(200) == finished > 0
    assert not any("500" in line.split()[-3:] for line in server.log)


def test_a_classifier_answers_with_the_predictors_own_class(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "classifier", "text-classification")
    with Predictor.load(folder, threads=1) as own, running(folder) as server:
        texts = ["a fine day", "rain 🌧 again", "x" * 3000]
        replies = server.post("/v1/classify", [{"text": text, "profile": "full"} for text in texts]).json
        for text, reply in zip(texts, replies, strict=True):
            expected = own.classify(text, profile="full")
            assert reply["label"] == expected.label and reply["score"] == pytest.approx(max(expected.scores))
            assert sum(reply["scores"].values()) == pytest.approx(1.0) and set(reply["scores"]) == set(LABELS)
        assert server.post("/v1/classify", {"text": "fine"}).json["profile"] == "full"
        pair = server.post("/v1/classify", {"text": "fine", "text_pair": "a second text"}).json
        assert pair["tokens"] == own.classify("fine", "a second text").tokens
        assert server.post("/v1/answer", ASKED).status == 404


@pytest.fixture(scope="module")
def rating_server(rating_bundle: Path) -> Iterator[LiveServer]:
    with running(rating_bundle) as started:
        yield started


def test_a_rating_is_the_predictors_own_number(rating_bundle: Path, rating_server: LiveServer) -> None:
    pairs = [("a fine day", "the weather is fine"), ("rain 🌧 again", None), ("x y z " * 3000, "x")]
    bodies = [{"text": text} | ({} if pair is None else {"text_pair": pair}) for text, pair in pairs]
    with Predictor.load(rating_bundle, threads=1) as own:
        for profile in ("full", "fast"):
            replies = rating_server.post("/v1/rate", [{**body, "profile": profile} for body in bodies]).json
            expected = [own.rate(*pair, profile=profile) for pair in pairs]
            assert [r["value"] for r in replies] == pytest.approx([e.value for e in expected], abs=1e-6)
            assert [(r["tokens"], r["profile"]) for r in replies] == [(e.tokens, profile) for e in expected]
    assert replies[2]["tokens"] == 128  # what does not fit the window is cut off
    single = rating_server.post("/v1/rate", bodies[0]).json
    assert set(single) == {"value", "profile", "degraded", "tokens", "queue_ms", "latency_ms", "budget_met"}
    assert single["profile"] == "full" and not single["degraded"] and single["budget_met"] is None
    late = rating_server.post("/v1/rate", {**bodies[0], "budget_ms": 0.001}).json
    assert late["profile"] == "fast" and late["budget_met"] is False
    assert rating_server.metric('quantlat_requests_total{endpoint="/v1/rate",status="200"}') == 4


def test_what_cannot_be_rated_is_refused(rating_server: LiveServer) -> None:
    for body, code, said in (
        ({"text": ""}, "invalid", "text"),
        ({"text": "a", "text_pair": ""}, "invalid", "text_pair"),
        ({"text": "a", "pair": "b"}, "invalid", "pair"),
        ({"text": "a", "profile": "slow"}, "unknown_profile", "full, balanced, fast"),
        ({"text": "a", "text_pair": "b" * 100_001}, "text_too_long", "text 0 has 100001 characters"),
        ([], "invalid", "empty"),
    ):
        reply = rating_server.post("/v1/rate", body)
        assert reply.status == 422 and reply.json["error"]["code"] == code, reply.body
        assert said in reply.json["error"]["message"]
    for path in ("/v1/answer", "/v1/classify", "/v1/embed"):
        reply = rating_server.post(path, ASKED if path == "/v1/answer" else {"text": "fine"})
        assert reply.status == 404 and reply.json["error"]["hint"] == "Use /v1/rate."
    described = rating_server.get("/openapi.json").json
    assert [path for path in described["paths"] if path.startswith("/v1/")] == ["/v1/rate", "/v1/model"]
    schemas = described["components"]["schemas"]
    assert schemas["RateBody"]["properties"]["text"]["maxLength"] == 100_000
    assert schemas["RateBody"]["properties"]["text_pair"]["anyOf"][0]["maxLength"] == 100_000
    assert "RateResult" in schemas and not {"ClassifyBody", "ClassifyResult"} & set(schemas)
    told = rating_server.get("/v1/model").json
    assert (told["task"], told["endpoint"]) == ("text-regression", "/v1/rate")
    assert rating_server.get("/").status == 200  # the page shows what /v1/model tells


def test_an_embedding_is_the_predictors_own_vector(embedding_bundle: Path) -> None:
    texts = ["a fine day", "rain 🌧 again", "x y z " * 3000]
    with Predictor.load(embedding_bundle, threads=1) as own, running(embedding_bundle) as server:
        for profile in ("full", "fast"):
            replies = server.post("/v1/embed", [{"text": text, "profile": profile} for text in texts]).json
            for text, reply in zip(texts, replies, strict=True):
                expected = own.embed([text], profile=profile)[0]
                assert reply["vector"] == pytest.approx(expected.tolist(), abs=6e-9)
                assert reply["tokens"] == own.text_window(text, None).length and reply["profile"] == profile
        assert reply["tokens"] == 128  # what does not fit the window is cut off
        single = server.post("/v1/embed", {"text": texts[0]}).json
        assert single["profile"] == "full" and not single["degraded"] and single["budget_met"] is None
        assert sum(value * value for value in single["vector"]) == pytest.approx(1.0, abs=1e-6)
        late = server.post("/v1/embed", {"text": texts[0], "budget_ms": 0.001}).json
        assert late["profile"] == "fast" and late["budget_met"] is False
        assert server.metric('quantlat_answers_total{degraded="false",profile="fast"}') >= 3
        assert server.metric('quantlat_requests_total{endpoint="/v1/embed",status="200"}') == 4


def test_what_cannot_be_embedded_is_refused(embedding_bundle: Path) -> None:
    with running(embedding_bundle) as server:
        for body, code, said in (
            ({"text": ""}, "invalid", "text"),
            ({"text": "a", "text_pair": "b"}, "invalid", "text_pair"),
            ({"text": ["a", "b"]}, "invalid", "text"),
            ({"text": "a", "profile": "slow"}, "unknown_profile", "full, balanced, fast"),
            ({"text": "a", "profile": "full", "budget_ms": 5}, "invalid", "exclude"),
            ({"text": "a" * 100_001}, "text_too_long", "text 0 has 100001 characters"),
            ([], "invalid", "empty"),
            ([{"text": "a"}] * 65, "too_many_items", "65 texts"),
        ):
            reply = server.post("/v1/embed", body)
            assert reply.status == 422 and reply.json["error"]["code"] == code, reply.body
            assert said in reply.json["error"]["message"]
        for path in ("/v1/answer", "/v1/classify"):
            reply = server.post(path, ASKED if path == "/v1/answer" else {"text": "fine"})
            assert reply.status == 404 and reply.json["error"]["hint"] == "Use /v1/embed."
        described = server.get("/openapi.json").json
        assert [path for path in described["paths"] if path.startswith("/v1/")] == ["/v1/embed", "/v1/model"]
        assert described["components"]["schemas"]["EmbedBody"]["properties"]["text"]["maxLength"] == 100_000
        assert server.get("/v1/model").json["endpoint"] == "/v1/embed" and server.get("/").status == 200


def test_neither_server_nor_batch_scoring_imports_the_training_stack() -> None:
    code = (
        "import sys, quantlat.serving.server, quantlat.scoring\n"
        "loaded = [name for name in ('torch', 'transformers', 'openvino', 'pandas') if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=PATIENCE_S)


@pytest.mark.alone
def test_a_model_process_that_is_killed_in_mid_batch_costs_no_answer(bundle: Path) -> None:
    with running(bundle) as server:
        own = children(server.process.pid)
        assert len(own) == 1
        answered: list[int] = []

        def ask() -> None:
            for _ in range(20):
                answered.append(server.post("/v1/answer", ASKED).status)

        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        while len(answered) < 10:
            time.sleep(0.001)
        os.kill(own[0], signal.SIGKILL)
        for client in clients:
            client.join(PATIENCE_S)
        assert answered == [200] * 80
        assert server.metric("quantlat_model_restarts") == 1 and children(server.process.pid) != own
        assert any("ended with signal 9" in line for line in server.log)


def test_the_models_process_ends_with_a_server_that_is_killed(bundle: Path) -> None:
    with running(bundle) as server:
        own = children(server.process.pid)
        server.process.kill()
        deadline = time.monotonic() + PATIENCE_S
        while any(alive(pid) for pid in own):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_full_disk_under_the_log_stops_no_answer(bundle: Path) -> None:
    command = [sys.executable, "-m", "quantlat.cli", "serve", str(bundle), "--threads", "1", "--log-requests"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen([*command, "--port", str(port)], cwd=ROOT, stderr=full, stdout=full)
        server = LiveServer(process, port)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not listens(port):
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
            assert [server.post("/v1/answer", ASKED).status for _ in range(20)] == [200] * 20
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
