from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("app.urls")),
    path("", include("web.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "app.views.errors.bad_request"
handler403 = "app.views.errors.permission_denied"
handler404 = "app.views.errors.not_found"
handler500 = "app.views.errors.server_error"
