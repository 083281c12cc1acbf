#!/bin/bash
# post-deploy-verification.sh

set -e

PROD_URL="https://your-domain.com"
HEALTH_ENDPOINT="$PROD_URL/api/health"
PERFORMANCE_ENDPOINT="$PROD_URL/api/performance"

echo "🔍 Starting post-deployment verification..."

# Health check
echo "✅ Checking application health..."
if curl -f -s "$HEALTH_ENDPOINT" | jq -e '.status == "healthy"' > /dev/null; then
    echo "✅ Health check passed"
else
    echo "❌ Health check failed"
    exit 1
fi

# Performance check
echo "✅ Checking performance metrics..."
CACHE_HIT_RATE=$(curl -s "$PERFORMANCE_ENDPOINT" | jq -r '.cache.stats.hitRate // 0')
if (( $(echo "$CACHE_HIT_RATE > 80" | bc -l) )); then
    echo "✅ Cache performance acceptable ($CACHE_HIT_RATE%)"
else
    echo "⚠️ Cache performance low ($CACHE_HIT_RATE%)"
fi

# Database check
echo "✅ Checking database connectivity..."
DB_HEALTHY=$(curl -s "$PERFORMANCE_ENDPOINT" | jq -r '.database.healthy')
if [ "$DB_HEALTHY" = "true" ]; then
    echo "✅ Database connectivity verified"
else
    echo "❌ Database connectivity issues"
    exit 1
fi

# AI service check
echo "✅ Checking AI service..."
AI_RESPONSE=$(curl -s -X POST "$PROD_URL/api/chat" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $TEST_TOKEN" \
  -d '{"messages":[{"role":"user","content":"test"}]}')

if echo "$AI_RESPONSE" | jq -e '.content' > /dev/null; then
    echo "✅ AI service operational"
else
    echo "❌ AI service issues"
    exit 1
fi

echo "🎉 All post-deployment checks passed!"
