from style_license import webhooks


def receive(body, headers, secret):
    event = webhooks.verify(body, headers, secret)
    return event["type"], event["data"]
