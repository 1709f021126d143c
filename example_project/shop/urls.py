from django.urls import path

from example_project.shop import tour, viewing, views

app_name = "shop"

urlpatterns = [
    path("", views.CatalogueView.as_view(), name="catalogue"),
    path("tour/", tour.TourView.as_view(), name="tour"),
    path("products/<slug:slug>/", views.ProductView.as_view(), name="product"),
    path("products/<slug:slug>/picture/", viewing.PictureView.as_view(), name="picture"),
    path("products/<slug:slug>/gift/", views.GiftView.as_view(), name="gift"),
    path("watch/<slug:slug>/", viewing.WatchView.as_view(), name="watch"),
    path("gallery/<slug:slug>/", viewing.GalleryView.as_view(), name="gallery"),
    path("links/", viewing.LinksView.as_view(), name="links"),
    path("basket/", views.BasketView.as_view(), name="basket"),
    path("basket/<slug:slug>/add/", views.add_to_basket, name="add"),
    path("basket/<slug:slug>/remove/", views.remove_from_basket, name="remove"),
    path("orders/<uuid:token>/", views.OrderView.as_view(), name="order"),
]
