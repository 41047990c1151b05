from style_license import Client

client = Client()
[style, *_] = client.styles(limit=1)
order = client.generate(style.id, "castle, sunset", count=2)
print(order.wait(timeout=600).save("out/"))
