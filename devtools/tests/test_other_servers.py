"""Redis, RabbitMQ and the S3 server, each started for real."""

import socket
from pathlib import Path
from time import monotonic

import boto3
import botocore.exceptions
import pika
import pytest
import redis

from devtools.servers.process import answers, pid_is_running
from devtools.servers.rabbitmq import PrivateRabbitMQ
from devtools.servers.redis import PrivateRedis
from devtools.servers.s3 import PrivateS3, S3Access

pytestmark = pytest.mark.slow


class TestRedis:
    def test_answers_with_its_password_and_stops(self, tmp_path: Path) -> None:
        server = PrivateRedis(tmp_path / "redis")
        client = redis.Redis.from_url(server.start())
        pid = server.pid

        assert client.set("key", "value")
        assert client.config_get("save") == {"save": ""}
        assert answers(server.port, b"PING\r\n", b"-NOAUTH")

        server.stop()
        assert pid is not None
        assert not pid_is_running(pid)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", server.port), timeout=1)

    def test_comes_back_on_the_same_port(self, tmp_path: Path) -> None:
        with PrivateRedis(tmp_path / "redis") as server:
            url = server.url
            server.stop()
            assert server.start() == url
            assert redis.Redis.from_url(url).ping()


class TestRabbitMQ:
    def test_queues_outlive_a_stop_and_a_kill(self, tmp_path: Path) -> None:
        server = PrivateRabbitMQ(
            tmp_path / "rabbitmq",
            {"consumer_timeout": "60000", "raft.wal_max_size_bytes": "33554432"},
        )
        with server:
            url = server.url
            publish(url, b"before the stop")
            server.stop()
            assert server.pids == []

            assert server.start() == url
            publish(url, b"before the kill")
            server.kill()
            assert server.pids == []

            server.start()
            server.add_virtual_host("elsewhere")
            assert received(url) == [b"before the stop", b"before the kill"]
            elsewhere = url.rpartition("/")[0] + "/elsewhere"
            publish(elsewhere, b"another queue of the same name")
            assert received(url) == []

        assert server.pids == []
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", server.port), timeout=1)


def publish(url: str, body: bytes) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare("letters", durable=True)
    channel.confirm_delivery()
    channel.basic_publish("", "letters", body, pika.BasicProperties(delivery_mode=2))
    connection.close()


def received(url: str) -> list[bytes]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    bodies, deadline = [], monotonic() + 10
    while (message := channel.basic_get("letters", auto_ack=True))[0] is not None:
        bodies.append(message[2])
        assert monotonic() < deadline, "the queue does not become empty"
    connection.close()
    return bodies


class TestS3:
    def test_keeps_objects_for_those_with_the_key(self, tmp_path: Path) -> None:
        with PrivateS3(tmp_path / "s3") as server:
            pid = server.pid
            client = s3_client(server.access)
            client.create_bucket(Bucket="pictures")
            client.put_object(Bucket="pictures", Key="a/b.png", Body=b"dots")
            assert client.get_object(Bucket="pictures", Key="a/b.png")["Body"].read() == b"dots"

            stranger = S3Access(server.access.endpoint_url, "style-license", "guessed")
            with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
                s3_client(stranger).list_buckets()

        assert pid is not None
        assert not pid_is_running(pid)


def s3_client(access: S3Access):  # boto3 makes its classes at run time
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint_url,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name=access.region,
    )


class TestSharedServers:
    """The fixtures of conftest.py."""

    def test_redis(self, redis_url: str) -> None:
        assert redis.Redis.from_url(redis_url).ping()

    def test_rabbitmq(self, amqp_url: str) -> None:
        publish(amqp_url, b"hello")
        assert received(amqp_url)[-1] == b"hello"

    def test_s3(self, s3_server: S3Access) -> None:
        assert "Buckets" in s3_client(s3_server).list_buckets()
