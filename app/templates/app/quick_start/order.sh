AUTH="Authorization: Bearer $STYLE_LICENSE_KEY"
curl -s "$STYLE_LICENSE_URL/api/models?sort=popular&limit=3"
curl -s -H "$AUTH" -H 'Content-Type: application/json' -H 'Idempotency-Key: my-first-castle' \
  -d '{"style_id": 1, "prompt_tags": ["castle", "sunset"], "aspect_ratio": "1:1"}' \
  "$STYLE_LICENSE_URL/api/images/generate" | tee order.json
ID=$(sed -E 's/.*"generation_id":([0-9]+).*/\1/' order.json)
until curl -s -H "$AUTH" "$STYLE_LICENSE_URL/api/images/$ID/status" | grep -Eq 'completed|failed|canceled'
do sleep 1; done
LINK=$(curl -s -H "$AUTH" "$STYLE_LICENSE_URL/api/images/$ID" | sed -E 's/.*"image_url":"([^"]+)".*/\1/')
curl -s -o castle.png "$LINK"
