from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("web.urls")),
    path("admin/", admin.site.urls),
    path("", include("app.urls")),
]

handler400 = "app.views.errors.bad_request"
handler403 = "app.views.errors.permission_denied"
handler404 = "app.views.errors.not_found"
handler500 = "app.views.errors.server_error"
