/* Arenas and pools for C++17: memory resources, an allocator, owners. Header only, over heapalloc.h. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <cstddef>
#include <heapalloc/heapalloc.h>
#include <limits>
#include <memory>
#include <memory_resource>
#include <new>
#include <type_traits>
#include <utility>

namespace heapalloc {

struct arena_delete {
    void operator()(heapalloc_arena *arena) const noexcept { heapalloc_arena_destroy(arena); }
};

struct pool_delete {
    void operator()(heapalloc_pool *pool) const noexcept { heapalloc_pool_destroy(pool); }
};

/* Owners: each destroys its arena or pool at its end. */
using unique_arena = std::unique_ptr<heapalloc_arena, arena_delete>;
using unique_pool = std::unique_ptr<heapalloc_pool, pool_delete>;

/* Make an arena. Throws std::bad_alloc when the options are out of range or there is no memory. */
inline unique_arena make_arena(const heapalloc_arena_options &options = {}) {
    unique_arena arena(heapalloc_arena_create(&options));
    if (!arena) throw std::bad_alloc();
    return arena;
}

/* Make a pool. Throws std::bad_alloc when the options are out of range or there is no memory. */
inline unique_pool make_pool(const heapalloc_pool_options &options) {
    unique_pool pool(heapalloc_pool_create_with(&options));
    if (!pool) throw std::bad_alloc();
    return pool;
}

/* Construct an object in an arena, which destroys it with its other blocks: at a rewind, a reset, or its own end.
 * Throws std::bad_alloc, or what the constructor throws. */
template <class T, class... Arguments> T *make_in(heapalloc_arena *arena, Arguments &&...arguments) {
    void *place = heapalloc_arena_alloc_aligned(arena, sizeof(T), alignof(T) < 16 ? 16 : alignof(T));
    if (!place) throw std::bad_alloc();
    T *object = new (place) T(std::forward<Arguments>(arguments)...);
    if constexpr (!std::is_trivially_destructible_v<T>) {
        if (!heapalloc_arena_cleanup(
                arena, [](void *p) { static_cast<T *>(p)->~T(); }, object)) {
            object->~T();
            throw std::bad_alloc();
        }
    }
    return object;
}

/* A resource for std::pmr containers over an arena, its own or one that outlives it. Deallocation frees only the newest
 * block. As thread-safe as the arena. */
class arena_resource : public std::pmr::memory_resource {
  public:
    arena_resource() : own_(make_arena()), arena_(own_.get()) {}
    explicit arena_resource(heapalloc_arena *arena) noexcept : arena_(arena) {}

    heapalloc_arena *arena() const noexcept { return arena_; }
    void release() { heapalloc_arena_reset(arena_); }

  private:
    void *do_allocate(std::size_t bytes, std::size_t align) override {
        void *p =
            align <= 16 ? heapalloc_arena_alloc(arena_, bytes) : heapalloc_arena_alloc_aligned(arena_, bytes, align);
        if (!p) throw std::bad_alloc();
        return p;
    }
    void do_deallocate(void *p, std::size_t bytes, std::size_t) override { heapalloc_arena_free(arena_, p, bytes); }
    bool do_is_equal(const memory_resource &other) const noexcept override {
        auto that = dynamic_cast<const arena_resource *>(&other);
        return that && that->arena_ == arena_;
    }

    unique_arena own_;
    heapalloc_arena *arena_;
};

/* A resource that serves what fits a block from a pool of its own, like the nodes of lists and maps, and the rest from
 * another resource. One thread at a time, or any with HEAPALLOC_POOL_SHARED where the other resource allows it. Options
 * have no constructor; throws std::bad_alloc when they are out of range, or there is no memory. */
class pool_resource : public std::pmr::memory_resource {
  public:
    explicit pool_resource(std::size_t block_bytes, std::pmr::memory_resource *rest = std::pmr::get_default_resource())
        : pool_resource(of_size(block_bytes), rest) {}
    explicit pool_resource(const heapalloc_pool_options &options,
                           std::pmr::memory_resource *rest = std::pmr::get_default_resource())
        : pool_(options.construct ? nullptr : make_pool(options)), block_bytes_(options.object_bytes),
          align_bytes_(options.align_bytes < 16 ? 16 : options.align_bytes), rest_(rest) {
        if (!pool_) throw std::bad_alloc();
    }

    heapalloc_pool *pool() const noexcept { return pool_.get(); }

  private:
    static heapalloc_pool_options of_size(std::size_t block_bytes) noexcept {
        heapalloc_pool_options options = {};
        options.object_bytes = block_bytes;
        return options;
    }
    bool fits(std::size_t bytes, std::size_t align) const noexcept {
        return bytes <= block_bytes_ && align <= align_bytes_;
    }

    void *do_allocate(std::size_t bytes, std::size_t align) override {
        if (!fits(bytes, align)) return rest_->allocate(bytes, align);
        void *p = heapalloc_pool_get(pool_.get());
        if (!p) throw std::bad_alloc();
        return p;
    }
    void do_deallocate(void *p, std::size_t bytes, std::size_t align) override {
        if (fits(bytes, align))
            heapalloc_pool_put(pool_.get(), p);
        else
            rest_->deallocate(p, bytes, align);
    }
    bool do_is_equal(const memory_resource &other) const noexcept override { return this == &other; }

    unique_pool pool_;
    std::size_t block_bytes_, align_bytes_;
    std::pmr::memory_resource *rest_;
};

/* A pool of objects of one type. An object that is not destroyed when the pool ends loses its memory, and its
 * destructor does not run. One thread at a time, or any with HEAPALLOC_POOL_SHARED; size, alignment and constructor of
 * the options are ignored. */
template <class T> class object_pool {
  public:
    struct destroyer {
        object_pool *pool;
        void operator()(T *object) const noexcept { pool->destroy(object); }
    };
    /* Destroys its object, and has to end before the pool. */
    using unique = std::unique_ptr<T, destroyer>;

    /* Throws std::bad_alloc when there is no memory. */
    explicit object_pool(const heapalloc_pool_options &options = {}) : pool_(make_pool(of_type(options))) {}

    /* Construct an object. Throws std::bad_alloc, or what the constructor throws. */
    template <class... Arguments> T *create(Arguments &&...arguments) {
        void *place = heapalloc_pool_get(pool_.get());
        if (!place) throw std::bad_alloc();
        try {
            return new (place) T(std::forward<Arguments>(arguments)...);
        } catch (...) {
            heapalloc_pool_put(pool_.get(), place);
            throw;
        }
    }
    template <class... Arguments> unique make_unique(Arguments &&...arguments) {
        return unique(create(std::forward<Arguments>(arguments)...), destroyer{this});
    }
    /* Destroy an object of this pool's, or nothing for NULL. */
    void destroy(T *object) noexcept {
        if (!object) return;
        object->~T();
        heapalloc_pool_put(pool_.get(), object);
    }

    heapalloc_pool *pool() const noexcept { return pool_.get(); }

  private:
    static heapalloc_pool_options of_type(heapalloc_pool_options options) noexcept {
        static_assert(sizeof(T) <= HEAPALLOC_POOL_BYTES_MAX, "an object of a pool has at most 16384 bytes");
        options.object_bytes = sizeof(T);
        options.align_bytes = alignof(T);
        options.construct = nullptr;
        options.destruct = nullptr;
        return options;
    }

    unique_pool pool_;
};

/* An allocator for containers without pmr, over an arena that outlives them. It throws std::bad_alloc when there is no
 * memory; deallocation frees the newest block only. As thread-safe as the arena. */
template <class T> class arena_allocator {
  public:
    using value_type = T;
    using propagate_on_container_move_assignment = std::true_type;
    using propagate_on_container_swap = std::true_type;

    explicit arena_allocator(heapalloc_arena *arena) noexcept : arena_(arena) {}
    template <class U> arena_allocator(const arena_allocator<U> &other) noexcept : arena_(other.arena()) {}

    heapalloc_arena *arena() const noexcept { return arena_; }

    T *allocate(std::size_t count) {
        if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
        std::size_t bytes = count * sizeof(T);
        void *p = alignof(T) <= 16 ? heapalloc_arena_alloc(arena_, bytes)
                                   : heapalloc_arena_alloc_aligned(arena_, bytes, alignof(T));
        if (!p) throw std::bad_alloc();
        return static_cast<T *>(p);
    }
    void deallocate(T *p, std::size_t count) noexcept { heapalloc_arena_free(arena_, p, count * sizeof(T)); }

    template <class U> bool operator==(const arena_allocator<U> &other) const noexcept {
        return arena_ == other.arena();
    }
    template <class U> bool operator!=(const arena_allocator<U> &other) const noexcept {
        return arena_ != other.arena();
    }

  private:
    heapalloc_arena *arena_;
};

} // namespace heapalloc
