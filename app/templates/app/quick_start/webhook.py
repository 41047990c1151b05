from standardwebhooks.webhooks import Webhook


def receive(body, headers, secret):
    event = Webhook(secret).verify(body, headers)
    return event["type"], event["data"]
