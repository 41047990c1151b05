from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

import app.urls

urlpatterns: list[URLPattern | URLResolver] = [
    # Not by include: each level costs every request.
    *app.urls.urlpatterns,
    path("", include("web.urls")),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
]
if settings.DEBUG_TOOLBAR:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()

handler400 = "app.http.errors.bad_request"
handler403 = "app.http.errors.permission_denied"
handler404 = "app.http.errors.not_found"
handler500 = "app.http.errors.server_error"
